#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# gcc: one file of many functions, optimised.
set -eu
cd "$2"
if [ "$1" = prepare ]; then
    awk 'BEGIN {
        print "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>"
        for (i = 0; i < 60; i++) {
            printf "struct s%d { int a, b[%d]; char *t; };\n", i, i + 1
            printf "int f%d(struct s%d *s, int n)\n{\n    int r = 0;\n", i, i
            printf "    for (int i = 0; i < n; i++)\n        switch ((s[i].a + r) %% 9) {\n"
            for (c = 0; c < 9; c++)
                printf "        case %d: r += s[i].b[%d] * %d; break;\n", c, c % (i + 1), i + c
            printf "        }\n    s->t = realloc(s->t, (size_t)r + 1);\n    return r + printf(\"%%s\", s->t);\n}\n"
        }
    }' >work.c
else
    exec gcc -O2 -g -S -o /dev/null work.c
fi
