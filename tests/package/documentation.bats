#!/usr/bin/env bats
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the documentation says to do in the source tree, its links, and its manual pages. What it says to do on a machine,
# tests/boot/documentation.bats does.

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_TEST_DIRNAME/../.." || return
    export BUILD=${BUILD:-build/release}
}

documents() {
    printf '%s\n' README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md docs/*.md
}

@test "the commands for the source tree work in one, in this order" {
    local commands status
    mkdir "$BATS_TEST_TMPDIR/commands"
    # shellcheck disable=SC2046 # names without blanks
    tests/docs/extract -v kind=build -v directory="$BATS_TEST_TMPDIR/commands" $(documents)
    [ -n "$(ls "$BATS_TEST_TMPDIR/commands")" ]
    "${MAKE:-make}" --silent dist BUILD="$BATS_TEST_TMPDIR/build" DISTDIR="$BATS_TEST_TMPDIR/source"
    tar -xzf "$BATS_TEST_TMPDIR"/source/*.tar.gz -C "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"/compatmalloc-*
    for commands in ../commands/*; do
        # The same ones are in more than one place.
        if grep -qxF "$(cksum <"$commands")" ../done 2>/dev/null; then
            continue
        fi
        status=0
        env -u MAKEFLAGS -u BUILD -u LIB -u CC -u CROSS -u RUNNER bash -eu "$commands" >../log 2>&1 || status=$?
        if [ "$status" -ne 0 ]; then
            echo "$commands: exit status $status"
            cat "$commands"
            tail -n 30 ../log
            return 1
        fi
        cksum <"$commands" >>../done
    done
}

@test "the commands that run the project's own tests are there to be run" {
    local commands line
    mkdir "$BATS_TEST_TMPDIR/commands"
    # shellcheck disable=SC2046 # names without blanks
    tests/docs/extract -v kind=whole -v directory="$BATS_TEST_TMPDIR/commands" $(documents)
    "${MAKE:-make}" --question --print-data-base >"$BATS_TEST_TMPDIR/targets" 2>/dev/null || true
    for commands in "$BATS_TEST_TMPDIR"/commands/*; do
        while read -r line; do
            echo "$line"
            case $line in
            ./scripts/*) [ -x "$line" ] ;;
            "make "*) grep -q "^${line#make }:" "$BATS_TEST_TMPDIR/targets" ;;
            *) return 1 ;;
            esac
        done <"$commands"
    done
}

@test "every link leads somewhere" {
    local document target broken=
    for document in $(documents); do
        while read -r target; do
            case $target in
            http*://*) continue ;;
            "#"*) target=$document$target ;;
            *) target=$(dirname "$document")/$target ;;
            esac
            [ -e "${target%%#*}" ] || broken+="$document: $target"$'\n'
            if [ "$target" != "${target#*#}" ]; then
                sed -n 's/^##* //p' "${target%%#*}" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9\n_-' | grep -qxF -- "${target#*#}" ||
                    broken+="$document: $target"$'\n'
            fi
        done < <(
            # shellcheck disable=SC2016 # fences
            sed '/^ *```/,/^ *```/d' "$document" | grep -o '\](\([^)]*\))' | sed 's/^](//; s/)$//'
        )
    done
    echo "$broken"
    [ -z "$broken" ]
}

@test "every document is reached from the README" {
    local document
    for document in docs/*.md CHANGELOG.md SECURITY.md; do
        grep -qF "($document" README.md || {
            echo "$document"
            return 1
        }
    done
}

@test "every test and source file that is named is there" {
    local name missing=
    # Names are patterns.
    while read -r name; do
        compgen -G "$name" >/dev/null || missing+=" $name"
    done < <(
        # shellcheck disable=SC2016 # backquotes
        grep -oh '`cwe[0-9]*-[a-z*-]*`' docs/security.md | tr -d '`' | sed 's,.*,tests/detect/&.c*,'
        # shellcheck disable=SC2046 # names without blanks
        grep -oh '\(tests\|src\|bench\)/[A-Za-z0-9_*/-]*\.[a-z]*' $(documents) | sed 's,\.$,,'
        # shellcheck disable=SC2016 # backquotes
        grep -o '`[a-z_*]*\.[ch]`' docs/how-it-works.md | tr -d '`' | sed 's,^,src/malloc/,'
    )
    echo "$missing"
    [ -z "$missing" ]
}

# settings DOCUMENT: each example of a configuration file in it, into a file of its own in $EXAMPLES.
settings() {
    awk -v out="$EXAMPLES/$(basename "$1")" '
        FILENAME ~ /\.md$/ && /^```/ { on = $0 == "```ini"; if (on) number++; next }
        FILENAME ~ /\.5$/ && /^\.Sh / { examples = $2 == "EXAMPLES" }
        FILENAME ~ /\.5$/ && /^\.Bd / { on = examples; number++; next }
        FILENAME ~ /\.5$/ && /^\.Ed/ { on = 0 }
        on { print > (out "-" number) }' "$1"
}

@test "settings that are shown as examples are settings that there are" {
    local document example
    EXAMPLES=$BATS_TEST_TMPDIR/examples
    mkdir "$EXAMPLES"
    for document in docs/*.md docs/man/compatmalloc.conf.5; do
        # An inventory of Ansible's has the same form.
        [ "$document" = docs/fleet.md ] || settings "$document"
    done
    [ "$(find "$EXAMPLES" -type f | wc -l)" -ge 5 ]
    for example in "$EXAMPLES"/*; do
        echo "$example:"
        cat "$example"
        "$BUILD/compatmallocctl" check-config "$example"
    done
}

@test "what the manual says of damaged records names each that the library knows" {
    sed -n '/^\.It Li metadata-corruption/,/^\.It Li out-of-memory/s/^\.Do \(.*\) Dc.*/\1/p' docs/man/compatmalloc.7 | sort >"$BATS_TEST_TMPDIR/named"
    cat src/malloc/*.c src/malloc/*.h | tr '\n' ' ' | grep -oE '(misuse_metadata|refuse)\([^";]*"[^"]*"' | sed 's/.*"\(.*\)"/\1/' |
        grep -vx free | cat - <(sed -n '/REPORT_METADATA_CORRUPTION;/{n;s/.*detail = "\(.*\)";/\1/p}' src/malloc/misuse.c) | sort -u >"$BATS_TEST_TMPDIR/known"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/known")" -ge 9 ]
    diff -u "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/named"
}

# number_of NAME FILE: what the source defines it to be, in K if it is a number of those.
number_of() {
    sed -n "s/^#define $1  *(*\([0-9]*\)u\{0,1\}\( \* KIB)\)\{0,1\}$/\1\2/p" "$2" | sed 's/ \* KIB)/K/'
}

@test "what is said of the quarantine's size is so" {
    local document said from=src/malloc/heap.c
    said="about $(number_of RING_BYTES $from) and up to $(number_of RING_MOST $from) blocks, or with strict $(number_of STRICT_RING_BYTES $from)"
    said+=", and $(number_of STRICT_RING_LEAST $from) to $(number_of STRICT_RING_MOST $from) blocks"
    echo "$said"
    for document in docs/man/compatmalloc.conf.5 etc/compatmalloc.conf; do
        echo "$document"
        sed 's/^# //; s/^\.Cm //; s/in strict/with strict/' "$document" | tr '\n' ' ' | grep -qF "$said"
    done
}

@test "manual pages are right for mandoc and for groff" {
    local page
    for page in docs/man/*.[1-8]; do
        # Whether a page that is referred to is installed is this machine's affair.
        run ! grep -v 'referenced manual not found' <(mandoc -T lint "$page" 2>/dev/null)
        # shellcheck disable=SC2016 # the inner shell's parameter
        run -0 bash -c 'LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings --encoding=UTF-8 --local-file "$1" 2>&1 >/dev/null' bash "$page"
        echo "$page: $output"
        [ -z "$output" ]
    done
}
