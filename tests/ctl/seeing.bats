#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# events, explain, report, metrics and exempt, in a machine where services have met their bugs.

bats_require_minimum_version 1.5.0
load machine-setup

setup_file() {
    one_machine tests/ctl/inside/make-units
    [ ! -e "$M/reason" ] || return 0
    # Two reports: of a service that ends by it, and of one that carries on.
    machine_run one compatmallocctl enable buggy nginx
    machine_run one systemctl restart buggy nginx
    cp "$M/one/root/opt/programs/buggy" "$M/one/root/opt/programs/odd-<b>&name"
    machine_run one systemd-run --quiet --wait --unit=odd --setenv=LD_PRELOAD=libcompatmalloc.so.1 \
        --setenv=COMPATMALLOC_OPTIONS=on-error=log timeout 2 '/opt/programs/odd-<b>&name' || true
    sleep 1
    machine_run one journalctl --sync
}

setup() {
    need_machine
    conf=$M/one/root/etc/compatmalloc.conf
}

@test "events: a table, and the same as data" {
    run -0 ctl events
    assert_line --index 0 --regexp '^EVENT +TIME +KIND +UNIT +PID +PROGRAM$'
    assert_line --regexp '^[0-9a-f]+ +20[0-9-]+ [0-9:]+ +heap-buffer-overflow +buggy\.service +[0-9]+  /opt/programs/buggy$'
    assert_line "2 events; 'compatmallocctl explain EVENT' tells more"
    run -0 ctl events --json
    [ "$(json '[(e["kind"], e["unit"], e["size"], e["offset"]) for e in answer if e["unit"] == "buggy.service"]')" = \
        "[('heap-buffer-overflow', 'buggy.service', 100, 0)]" ]
    run -0 ctl events --json --unit=buggy
    [ "$(json 'len(answer)')" = 1 ]
    run -0 ctl events --json --kind=double-free
    [ "$(json 'answer')" = "[]" ]
    run -0 ctl events --json --since=-1h --kind=heap-buffer-overflow
    [ "$(json 'len(answer)')" = 2 ]
    run -0 ctl events --since='2100-01-01'
    assert_output "no events"
    run -2 ctl events --kind=bugs
    assert_output --partial "no kind of report"
    run -2 ctl events --since=whenever
    assert_output --partial "no time"
}

@test "events --follow prints what comes in" {
    local _
    machine_run one timeout 20 compatmallocctl events --follow --json >"$M/followed" 2>&1 3>&- &
    local follower=$!
    for _ in {1..100}; do
        [ "$(wc -l <"$M/followed")" -lt 2 ] || break
        sleep 0.1
    done
    machine_run one systemctl restart buggy
    for _ in {1..100}; do
        [ "$(wc -l <"$M/followed")" -lt 3 ] || break
        sleep 0.1
    done
    machine_run one pkill -x compatmallocctl || true
    wait "$follower" || true
    cat "$M/followed"
    [ "$(grep -c "^{" "$M/followed")" -eq 3 ]
    grep "^{" "$M/followed" | tail -n 1 | python3 -c 'import json, sys; assert json.load(sys.stdin)["unit"] == "buggy.service"'
}

@test "explain: an event, the last one, and each kind that the library knows" {
    run -0 ctl events --json --unit=buggy
    local id
    id=$(json 'answer[0]["id"]')
    run -0 ctl explain "$id"
    assert_line --regexp 'heap-buffer-overflow: 1 byte written past the end of a 100-byte block'
    assert_line --partial "/opt/programs/buggy"
    assert_line "What to do"
    assert_line --partial "compatmallocctl exempt /opt/programs/buggy"
    run -0 ctl explain last --json
    [ "$(json 'answer["kind"]')" = heap-buffer-overflow ]
    local kinds kind
    mapfile -t kinds < <(sed -n 's/^    \[REPORT_[A-Z_]*\] = "\([a-z-]*\)".*/\1/p' src/malloc/report_text.c)
    [ "${#kinds[@]}" -ge 9 ]
    for kind in "${kinds[@]}"; do
        run -0 ctl explain "$kind"
        assert_line "Where to look"
    done
    run -2 ctl explain 0123456789abcdef
    assert_output --partial "no such event"
    run -2 ctl explain bugs
}

@test "status counts the events of a process" {
    run -0 --separate-stderr machine_run one sh -c 'LD_PRELOAD=libcompatmalloc.so.1 COMPATMALLOC_OPTIONS=on-error=log /opt/programs/buggy >/dev/null & sleep 2
        compatmallocctl status --json; kill $!'
    [ "$(json '[(p["events"], p["state"]) for p in answer["processes"] if p["program"] == "/opt/programs/buggy" and p["events"]]')" = "[(1, 'audit')]" ]
}

@test "events: the unit of a process that has gone before the journal looks is known all the same" {
    # What is asleep cannot look; the process has long gone when it wakes up.
    machine_run one systemctl kill --signal=STOP systemd-journald
    machine_run one systemd-run --quiet --unit=quick --property=StandardOutput=null --property=StandardError=null \
        --setenv=LD_PRELOAD=libcompatmalloc.so.1 /opt/programs/buggy at-once
    local _ state=
    for _ in {1..100}; do
        state=$(machine_run one systemctl show --property=ActiveState --value quick)
        [ "$state" != failed ] || break
        sleep 0.1
    done
    machine_run one systemctl kill --signal=CONT systemd-journald
    [ "$state" = failed ]
    machine_run one journalctl --sync
    machine_run one systemctl reset-failed quick
    run -0 machine_run one journalctl --output=json COMPATMALLOC_CGROUP=/system.slice/quick.service
    [ "$(json '"_SYSTEMD_UNIT" in answer')" = False ]
    run -0 ctl events --json --unit=quick
    [ "$(json '[(e["unit"], e["kind"]) for e in answer]')" = "[('quick.service', 'heap-buffer-overflow')]" ]
}

# Its package would also bring a server that listens, so it is only unpacked.
with_promtool() {
    local promtool
    promtool=$(command -v promtool || echo "$M/prometheus-package/usr/bin/promtool")
    if [ ! -e "$promtool" ]; then
        (cd "$M" && apt-get download --quiet=2 prometheus && dpkg-deb --extract prometheus_*.deb prometheus-package) >&2
    fi
    "$promtool" "$@"
}

@test "metrics: what Prometheus reads, put in place at once" {
    run -0 ctl metrics
    assert_line 'compatmalloc_trial 0'
    assert_line --regexp '^compatmalloc_processes\{state="protected"\} [1-9]'
    assert_line --regexp '^compatmalloc_events_total\{kind="heap-buffer-overflow"\} [1-9]'
    assert_line 'compatmalloc_events_total{kind="double-free"} 0'
    assert_line --regexp '^compatmalloc_unit_events_total\{unit="buggy\.service",kind="heap-buffer-overflow"\} [1-9]'
    ctl metrics | with_promtool check metrics
    mkdir -p "$M/one/root/var/lib/prometheus/node-exporter"
    machine_run one systemctl start compatmalloc-metrics.service
    grep -q '^compatmalloc_info{version=' "$M/one/root/var/lib/prometheus/node-exporter/compatmalloc.prom"
    [ "$(stat -c %a "$M/one/root/var/lib/prometheus/node-exporter/compatmalloc.prom")" = 644 ]
    # The sandbox of the service hides no process.
    local inside outside
    inside=$(sed -n 's/^compatmalloc_processes{state="unknown"} //p' "$M/one/root/var/lib/prometheus/node-exporter/compatmalloc.prom")
    outside=$(ctl metrics | sed -n 's/^compatmalloc_processes{state="unknown"} //p')
    [ "$inside" = "$outside" ]
    run -2 ctl metrics --output=/there/is/no/such/directory/x
}

@test "metrics --json: the same numbers" {
    ctl metrics >"$M/prometheus"
    run -0 ctl metrics --json
    [ "$(json 'answer["trial"], answer["system_wide"]')" = "(False, False)" ]
    [ "$(json 'answer["processes"]["protected"]')" = "$(sed -n 's/^compatmalloc_processes{state="protected"} //p' "$M/prometheus")" ]
    [ "$(json 'answer["events"]["heap-buffer-overflow"]')" = "$(sed -n 's/^compatmalloc_events_total{kind="heap-buffer-overflow"} //p' "$M/prometheus")" ]
    [ "$(json '[(e["kind"], e["count"]) for e in answer["unit_events"] if e["unit"] == "quick.service"]')" = "[('heap-buffer-overflow', 1)]" ]
    [ "$(json '"%.3f" % (answer["last_event"] // 1000 / 1000)')" = "$(sed -n 's/^compatmalloc_last_event_timestamp_seconds //p' "$M/prometheus")" ]
    run -2 ctl metrics --json --output=/root/x
    assert_output --partial "does not read JSON"
}

@test "alerts and dashboard ask for metrics that there are" {
    ctl metrics | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort >"$M/metrics"
    python3 -m json.tool monitoring/grafana-dashboard.json >/dev/null
    grep -oh 'compatmalloc_[a-z_]*' monitoring/prometheus-alerts.yml monitoring/grafana-dashboard.json | sort -u >"$M/wanted"
    [ "$(wc -l <"$M/wanted")" -ge 5 ]
    [ -z "$(comm -13 "$M/metrics" "$M/wanted")" ]
}

@test "alerts are raised when they should be, and only then" {
    with_promtool check rules monitoring/prometheus-alerts.yml
    with_promtool test rules monitoring/prometheus-alerts-test.yml
}

@test "report: one page that needs nothing else, and is safe to open" {
    run -0 ctl report --html=/root/report.html
    cp "$M/one/root/root/report.html" "${REPORT_COPY:-$M/report.html}"
    run -0 ctl report --html=-
    assert_line "<!DOCTYPE html>"
    run -2 ctl report
    # Well formed, with every service in it, and nothing fetched from anywhere.
    python3 - "$M/one/root/root/report.html" <<'EOF'
import html.parser, sys
page = open(sys.argv[1], encoding="utf-8").read()
class Check(html.parser.HTMLParser):
    empty = {"meta", "line", "rect"}
    def __init__(self):
        super().__init__()
        self.open, self.text = [], []
    def handle_starttag(self, tag, attributes):
        assert tag not in {"script", "link", "img", "b-"}, tag
        assert not {"src", "href", "onload"} & {name for name, _ in attributes}, attributes
        if tag not in {"meta"}:
            self.open.append(tag)
    def handle_startendtag(self, tag, attributes):
        pass
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())
    def handle_data(self, data):
        self.text.append(data)
check = Check()
check.feed(page)
assert not check.open, check.open
text = " ".join(check.text)
for words in ("nginx.service", "buggy.service", "heap-buffer-overflow", "odd-", "Settings in force", "What doctor found"):
    assert words in text, words
assert "url(" not in page and "@import" not in page
EOF
}

@test "report --json: the same as data" {
    run -0 ctl status --json
    local members
    members=$(json 'sorted(answer)')
    run -0 ctl report --json
    [ "$(json 'sorted(k for k in answer if k in '"$members"')')" = "$members" ]
    [ "$(json 'all(e["kind"] for e in answer["events_of_30_days"]) and len(answer["events_of_30_days"]) >= 3')" = True ]
    [ "$(json 'answer["settings"]["profile"], answer["settings"]["on_error"]')" = "('default', 'abort')" ]
    [ "$(json '"library" in [f["check"] for f in answer["findings"]]')" = True ]
    run -2 ctl report
    run -2 ctl report --json --html=-
}

@test "report: a browser shows it, on a screen, on a phone and on paper" {
    local browser
    browser=$(command -v chromium) || skip "chromium is not installed"
    cp "$M/one/root/root/report.html" "$M/report.html"
    chromium_says() {
        timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$M/browser" "$@" \
            "file://$M/report.html" 2>/dev/null
    }
    chromium_says --window-size=1200,2200 --screenshot="$M/screen.png"
    [ -s "$M/screen.png" ]
    chromium_says --no-pdf-header-footer --print-to-pdf="$M/paper.pdf"
    [ "$(head -c 4 "$M/paper.pdf")" = %PDF ]
    # On a phone, nothing is wider than the screen.
    sed 's,</body>,<script>document.title = "width " + document.documentElement.scrollWidth + " of " + document.documentElement.clientWidth</script></body>,' \
        "$M/report.html" >"$M/phone.html"
    mv "$M/phone.html" "$M/report.html"
    chromium_says --window-size=500,900 --dump-dom >"$M/dom"
    grep -o '<title>[^<]*' "$M/dom"
    grep -Eq '<title>width ([0-9]+) of \1<' "$M/dom"
}

@test "exempt: a section for one program, and the rest of the file as it was" {
    cp "$conf" "$M/conf"
    run -0 ctl exempt /opt/programs/buggy
    assert_output "/opt/programs/buggy is exempt from its next start"
    run -0 ctl check-config
    run -0 ctl exempt /opt/programs/buggy
    assert_output "/opt/programs/buggy is already exempt"
    head -c "$(stat -c %s "$M/conf")" "$conf" | cmp - "$M/conf"
    machine_run one systemctl restart buggy
    sleep 1
    [ "$(machine_run one systemctl is-active buggy)" = active ]
    run -0 ctl status --json
    [ "$(json '[p["state"] for p in answer["processes"] if p["unit"] == "buggy.service"]')" = "['exempt']" ]
    run -0 ctl exempt --remove /opt/programs/buggy
    cmp "$M/conf" "$conf"
    run -0 ctl exempt --remove /opt/programs/buggy --json
    [ "$(json 'answer["changed"], answer["exempt"]')" = "(False, False)" ]
}

@test "killed at any moment, exempt leaves the old file or the new one" {
    local n call killed=0
    cp "$conf" "$M/old"
    ctl exempt /usr/bin/apt-get
    cp "$conf" "$M/new"
    cp "$M/old" "$conf"
    for call in write fchmod fchown fsync rename; do
        for n in {1..4}; do
            run killed_at "$call" "$n" compatmallocctl exempt /usr/bin/apt-get
            cmp "$M/old" "$conf" || cmp "$M/new" "$conf"
            cp "$M/old" "$conf"
            [ "$status" -ne 0 ] || break
            killed=$((killed + 1))
        done
    done
    echo "killed $killed times"
    [ "$killed" -ge 4 ]
}

@test "exempt: a section that is there keeps its other lines and all comments" {
    cp "$conf" "$M/conf"
    cat >"$conf" <<'EOF'
# ours
on-error = log ; until spring
[program /opt/programs/buggy] # the one
  profile = strict   # as tight as it gets
canaries = yes
[program other]
profile = light
EOF
    run -0 ctl exempt /opt/programs/buggy
    diff -u - "$conf" <<'EOF'
# ours
on-error = log ; until spring
[program /opt/programs/buggy] # the one
  profile = off   # as tight as it gets
canaries = yes
[program other]
profile = light
EOF
    run -0 ctl exempt --remove /opt/programs/buggy
    diff -u - "$conf" <<'EOF'
# ours
on-error = log ; until spring
[program /opt/programs/buggy] # the one
canaries = yes
[program other]
profile = light
EOF
    # A link is followed, as the kernel does.
    ln -s /opt/programs/buggy "$M/one/root/opt/link"
    run -0 ctl exempt /opt/link
    assert_output "/opt/programs/buggy is exempt from its next start"
    printf '[program /opt/programs/*]\nprofile = strict\n' >>"$conf"
    run -1 ctl exempt /opt/programs/buggy
    assert_output --partial "further down, says otherwise"
    local wrong
    for wrong in '' relative/path 'a]b' $'a\nb'; do
        run -2 ctl exempt "$wrong"
    done
    cp "$M/conf" "$conf"
}
