/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * complete: what could come next, one candidate per line, for the completion of shells: verbs and options
 * from the same list as --help, values as far as they are known here. What is left to the shell is named:
 * "<file>", "<command>",
 * "<unit>".
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "explanations.h"

static void offer(const char *candidate, const char *tail, const char *begun)
{
    if (strncmp(candidate, begun, strlen(begun)) == 0)
        printf("%s%s\n", candidate, tail);
}

/* The n-th word of a text, into a buffer; false if there is none. */
static bool word_of(const char *text, int n, char *word, size_t size)
{
    for (; n > 0 && text; n--)
        text = strchr(text, ' ') ? strchr(text, ' ') + 1 : NULL;
    if (text)
        snprintf(word, size, "%.*s", (int)strcspn(text, " "), text);
    return text != NULL;
}

/* Verbs whose words so far are these, up to `count`. */
static bool begins_with(const struct verb *verb, int count, char **words)
{
    char word[32];
    for (int i = 0; i < count; i++)
        if (!word_of(verb->name, i, word, sizeof word) || strcmp(word, words[i]) != 0)
            return false;
    return true;
}

static void offer_verbs(int count, char **words, const char *begun)
{
    char word[32], last[32] = "";
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        if ((*verb)->is_internal || !begins_with(*verb, count, words) ||
            !word_of((*verb)->name, count, word, sizeof word) || strcmp(word, last) == 0)
            continue;
        strcpy(last, word);
        offer(word, "", begun);
    }
    if (count == 0) {
        offer("--help", "", begun);
        offer("--version", "", begun);
    }
}

static const struct verb *find_verb(int count, char **words, int *used)
{
    char word[32];
    for (const struct verb *const *verb = verbs; *verb; verb++)
        for (*used = 1; *used <= count; ++*used)
            if (begins_with(*verb, *used, words) && !word_of((*verb)->name, *used, word, sizeof word))
                return *verb;
    return NULL;
}

static void offer_values(const char *kind, const char *begun)
{
    static const char *const profiles[] = {"default", "strict", "light", "off"};
    if (strcmp(kind, "PROFILE") == 0)
        for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++)
            offer(profiles[i], "", begun);
    else if (strcmp(kind, "KIND") == 0)
        for (const struct explanation *e = explanations; e->kind; e++)
            offer(e->kind, "", begun);
    else if (strcmp(kind, "UNIT") == 0 || strcmp(kind, "UNIT...") == 0)
        puts("<unit>");
    else if (strcmp(kind, "FILE") == 0 || strcmp(kind, "[FILE]") == 0 || strcmp(kind, "PROGRAM") == 0)
        puts("<file>");
    else if (strcmp(kind, "EVENT") == 0) {
        for (const struct explanation *e = explanations; e->kind; e++)
            offer(e->kind, "", begun);
        offer("last", "", begun);
    } else if (strstr(kind, "COMMAND"))
        puts("<command>");
}

static const struct verb_option *find_option(const struct verb *verb, const char *word, size_t length)
{
    for (const struct verb_option *o = verb->options; o && o->name; o++)
        if (strlen(o->name) + 2 == length && strncmp(word, "--", 2) == 0 &&
            strncmp(word + 2, o->name, length - 2) == 0)
            return o;
    return NULL;
}

static void offer_options(const struct verb *verb, const char *begun)
{
    for (const struct verb_option *o = verb->options; o && o->name; o++) {
        char word[64];
        snprintf(word, sizeof word, "--%s", o->name);
        offer(word, o->argument ? "=" : "", begun);
    }
    offer("--help", "", begun);
}

static int run(const struct verb *self, int argc, char **argv)
{
    (void)self;
    if (argc < 2)
        return usage_trouble("complete: words of a command line, the last of them unfinished");
    int count = argc - 2, used;
    char **words = argv + 1;
    const char *begun = argv[argc - 1];
    const struct verb *verb = find_verb(count, words, &used);
    if (!verb) {
        offer_verbs(count, words, begun);
        return STATUS_GOOD;
    }
    const char *sign = strchr(begun, '=');
    const struct verb_option *option = sign ? find_option(verb, begun, (size_t)(sign - begun)) : NULL;
    if (option && option->argument)
        offer_values(option->argument, sign + 1);
    else if (*begun == '-')
        offer_options(verb, begun);
    else if (verb->arguments)
        offer_values(verb->arguments, begun);
    else if (*begun == '\0')
        offer_options(verb, "");
    return STATUS_GOOD;
}

const struct verb verb_complete = {
    .name = "complete",
    .summary = "say what could come next on a command line, for shells",
    .arguments = "WORD...",
    .is_internal = true,
    .takes_command = true,
    .run = run,
};
