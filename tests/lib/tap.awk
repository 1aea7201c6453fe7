# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Read the TAP of one program: show each result under the program's name, diagnostics only of what failed. Write to the
# file `counts` a line "passed failed skipped", and a second one that says what was wrong with the TAP itself, if anything.
#
# cmocka prints a test's diagnostics before or after its result line, bats after it: so lines without a result are
# kept until a failure shows that they matter, and lines that follow a failure are shown at once.

function show(mark, text) {
    printf "%-4s %s: %s\n", mark, name, text
    fflush()
}

function without_prefix(line) {
    sub(/^(not )?ok[ \t]*[0-9]*[ \t]*(- )?/, "", line)
    return line
}

function forget() {
    kept = 0
    after_failure = 0
}

BEGIN { planned = -1; passed = failed = skipped = kept = after_failure = 0 }

/^1\.\.[0-9]+/ {
    planned = substr($0, 4) + 0
    if (planned == 0 && match(tolower($0), /# skip/)) {
        skipped++
        show("skip", "everything (" substr($0, RSTART + 7) ")")
    }
    next
}

/^Bail out!/ { bailed = $0; next }

/^(not )?ok[ \t]+[0-9]+/ {
    seen++
    text = without_prefix($0)
    if (match(tolower(text), /# skip/)) {
        skipped++
        reason = substr(text, RSTART + 6)
        sub(/^[pP]*[eE]*[dD]*[ \t]*/, "", reason)
        title = substr(text, 1, RSTART - 1)
        # cmocka names the test where the reason belongs; its reason is in a diagnostic line "# skip: ...".
        for (i = 0; i < kept; i++)
            if (keep[i] ~ /^# skip: /) {
                title = reason
                reason = substr(keep[i], 9)
            }
        show("skip", title (reason == "" ? "" : " (" reason ")"))
        forget()
    } else if ($1 == "ok") {
        passed++
        show("ok", text)
        forget()
    } else {
        failed++
        show("FAIL", text)
        for (i = 0; i < kept; i++)
            print "     " keep[i]
        forget()
        after_failure = 1
    }
    next
}

after_failure { print "     " $0; fflush(); next }
{ keep[kept++] = $0 }

END {
    if (bailed != "")
        trouble = bailed
    else if (planned < 0)
        trouble = "printed no plan"
    else if (planned == 0 && skipped == 0)
        trouble = "planned no test"
    else if (seen + 0 != planned)
        trouble = "planned " planned " tests, ran " seen + 0
    if (trouble != "" && !after_failure)
        for (i = 0; i < kept; i++)
            print "     " keep[i]
    print passed + 0, failed + 0, skipped + 0 > counts
    print trouble > counts
}
