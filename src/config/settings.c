/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "settings.h"

#include <stdint.h>
#include <string.h>

#include "feature_set.h"

/* A piece of the caller's text. */
struct slice {
    const char *start;
    size_t length;
};

/* --- what a profile means --------------------------------------------------------------------- */

static const char *const profile_names[] = {
    [PROFILE_DEFAULT] = "default",
    [PROFILE_STRICT] = "strict",
    [PROFILE_LIGHT] = "light",
    [PROFILE_OFF] = "off",
};
#define PROFILE_COUNT (sizeof profile_names / sizeof *profile_names)

static const unsigned profile_features[PROFILE_COUNT] = {
    [PROFILE_DEFAULT] = PROFILE_FEATURES_DEFAULT,
    [PROFILE_STRICT] = PROFILE_FEATURES_STRICT,
    [PROFILE_LIGHT] = PROFILE_FEATURES_LIGHT,
    [PROFILE_OFF] = 0,
};

static const enum exit_check profile_exit_check[PROFILE_COUNT] = {
    [PROFILE_DEFAULT] = EXIT_CHECK_QUICK,
    [PROFILE_STRICT] = EXIT_CHECK_FULL,
    [PROFILE_LIGHT] = EXIT_CHECK_QUICK,
    [PROFILE_OFF] = EXIT_CHECK_NO,
};

void settings_from_profile(struct settings *settings, enum profile profile)
{
    *settings = (struct settings){
        .profile = profile,
        .features = profile_features[profile],
        .check_at_exit = profile_exit_check[profile],
        .on_error = ON_ERROR_ABORT,
        .quarantine_size = 0,
        .explain_faults = false,
        .memory_tags = true,
        .allow_environment = true,
        .journal = true,
    };
}

/* --- a section: what its lines set, whatever their order -------------------------------------- */

#define SWITCHES_ALL (FEATURES_ALL | CHECKS_ALL)

/* Which settings a section has set. The lowest bits are those of enum compatmalloc_feature and enum check. */
enum {
    SET_PROFILE = 1u << 16,
    SET_QUARANTINE_SIZE = SET_PROFILE << 1,
    SET_ON_ERROR = SET_PROFILE << 2,
    SET_ALLOW_ENVIRONMENT = SET_PROFILE << 3,
    SET_JOURNAL = SET_PROFILE << 4,
    SET_CHECK_AT_EXIT = SET_PROFILE << 5,
    SET_EXPLAIN_FAULTS = SET_PROFILE << 6,
    SET_MEMORY_TAGS = SET_PROFILE << 7,
};

struct section {
    unsigned set;
    struct settings values; /* meaningful where `set` says so */
};

/* Profile first, then the rest: that is why the place of `profile` in its section does not matter. */
static void lay_over(struct section *below, const struct section *above)
{
    struct settings *to = &below->values;
    const struct settings *from = &above->values;

    if (above->set & SET_PROFILE) {
        to->profile = from->profile;
        to->features = profile_features[from->profile];
        to->check_at_exit = profile_exit_check[from->profile];
        to->quarantine_size = 0;
    }
    unsigned named = above->set & SWITCHES_ALL;
    to->features = (to->features & ~named) | (from->features & named);
    if (above->set & SET_QUARANTINE_SIZE)
        to->quarantine_size = from->quarantine_size;
    if (above->set & SET_ON_ERROR)
        to->on_error = from->on_error;
    if (above->set & SET_ALLOW_ENVIRONMENT)
        to->allow_environment = from->allow_environment;
    if (above->set & SET_CHECK_AT_EXIT)
        to->check_at_exit = from->check_at_exit;
    if (above->set & SET_JOURNAL)
        to->journal = from->journal;
    if (above->set & SET_EXPLAIN_FAULTS)
        to->explain_faults = from->explain_faults;
    if (above->set & SET_MEMORY_TAGS)
        to->memory_tags = from->memory_tags;
    below->set |= above->set;
}

static void apply_section(struct settings *settings, const struct section *section)
{
    struct section result = {.values = *settings};
    lay_over(&result, section);
    *settings = result.values;
}

/* --- small pieces of text --------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static struct slice trimmed(struct slice s)
{
    while (s.length > 0 && is_blank(s.start[0])) {
        s.start++;
        s.length--;
    }
    while (s.length > 0 && is_blank(s.start[s.length - 1]))
        s.length--;
    return s;
}

static bool equals(struct slice s, const char *word)
{
    size_t length = strlen(word);
    return s.length == length && memcmp(s.start, word, length) == 0;
}

/* Takes what stands before the first `separator` off *rest, or all of it. False when nothing is left. */
static bool take_until(struct slice *rest, char separator, struct slice *taken)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->start, separator, rest->length);
    taken->start = rest->start;
    taken->length = end ? (size_t)(end - rest->start) : rest->length;
    size_t consumed = taken->length + (end ? 1 : 0);
    rest->start += consumed;
    rest->length -= consumed;
    return true;
}

/* A comment starts at the beginning of a line or after a blank, so that a path may contain the character. */
static struct slice without_comment(struct slice line)
{
    for (size_t i = 0; i < line.length; i++)
        if ((line.start[i] == '#' || line.start[i] == ';') && (i == 0 || is_blank(line.start[i - 1])))
            return (struct slice){line.start, i};
    return line;
}

/* Where `word` stands in the list, or -1. */
static int position(struct slice word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (equals(word, list[i]))
            return (int)i;
    return -1;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool parse_switch(struct slice value, bool *result)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
    int at = position(value, words, sizeof words / sizeof *words);
    if (at >= 0)
        *result = at % 2 == 1;
    return at >= 0;
}

static bool parse_size(struct slice value, size_t *result)
{
    static const char suffixes[] = "kKmMgG";
    unsigned shift = 0;
    if (value.length > 1) {
        const char *suffix = memchr(suffixes, value.start[value.length - 1], sizeof suffixes - 1);
        if (suffix) {
            shift = 10 * ((unsigned)(suffix - suffixes) / 2 + 1);
            value.length--;
        }
    }
    size_t number = 0;
    for (size_t i = 0; i < value.length; i++) {
        unsigned digit = (unsigned)(unsigned char)value.start[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, (size_t)10, &number) ||
            __builtin_add_overflow(number, (size_t)digit, &number))
            return false;
    }
    if (value.length == 0 || number > SIZE_MAX >> shift)
        return false;
    *result = number << shift;
    return true;
}

static bool set_profile(struct settings *values, struct slice value)
{
    int at = position(value, profile_names, PROFILE_COUNT);
    if (at >= 0)
        values->profile = (enum profile)at;
    return at >= 0;
}

static bool set_quarantine_size(struct settings *values, struct slice value)
{
    return parse_size(value, &values->quarantine_size);
}

static bool set_on_error(struct settings *values, struct slice value)
{
    static const char *const words[] = {[ON_ERROR_ABORT] = "abort", [ON_ERROR_LOG] = "log"};
    int at = position(value, words, sizeof words / sizeof *words);
    if (at >= 0)
        values->on_error = (enum on_error)at;
    return at >= 0;
}

static bool set_check_at_exit(struct settings *values, struct slice value)
{
    static const char *const words[] = {
        [EXIT_CHECK_NO] = "no", [EXIT_CHECK_QUICK] = "quick", [EXIT_CHECK_FULL] = "full"};
    int at = position(value, words, sizeof words / sizeof *words);
    if (at >= 0)
        values->check_at_exit = (enum exit_check)at;
    return at >= 0;
}

static bool set_allow_environment(struct settings *values, struct slice value)
{
    return parse_switch(value, &values->allow_environment);
}

static bool set_journal(struct settings *values, struct slice value)
{
    return parse_switch(value, &values->journal);
}

static bool set_explain_faults(struct settings *values, struct slice value)
{
    return parse_switch(value, &values->explain_faults);
}

static bool set_memory_tags(struct settings *values, struct slice value)
{
    return parse_switch(value, &values->memory_tags);
}

/* --- keys ------------------------------------------------------------------------------------- */

#define EXPECTED_SWITCH "not a value of this key; write yes or no"

static const struct key {
    const char *name;
    unsigned bit;
    bool (*set)(struct settings *values, struct slice value);
    const char *expected;
} keys[] = {
    {"profile", SET_PROFILE, set_profile, "not a profile; write default, strict, light or off"},
    {"quarantine-size", SET_QUARANTINE_SIZE, set_quarantine_size,
     "not a size; write a number of bytes, or one with K, M or G after it, such as 64K"},
    {"on-error", SET_ON_ERROR, set_on_error, "not a value of on-error; write abort or log"},
    {"check-at-exit", SET_CHECK_AT_EXIT, set_check_at_exit,
     "not a value of check-at-exit; write no, quick or full"},
    {"explain-faults", SET_EXPLAIN_FAULTS, set_explain_faults, EXPECTED_SWITCH},
    {"memory-tags", SET_MEMORY_TAGS, set_memory_tags, EXPECTED_SWITCH},
    {"allow-environment", SET_ALLOW_ENVIRONMENT, set_allow_environment, EXPECTED_SWITCH},
    {"journal", SET_JOURNAL, set_journal, EXPECTED_SWITCH},
};

static const char *const feature_names[FEATURE_COUNT] = FEATURE_NAMES;
static const char *const check_names[CHECK_COUNT] = CHECK_NAMES;

/* Where problems go, and what is to be said about the place. */
struct source {
    settings_problem_handler *handler;
    void *context;
    unsigned line;
    bool is_environment;
};

static void complain(const struct source *source, struct slice text, const char *problem)
{
    struct settings_problem found = {source->line, text.start, text.length, problem};
    if (source->handler)
        source->handler(source->context, &found);
}

/* The bit of a feature or a check; 0 if the name is neither's. */
static unsigned switch_named(struct slice name)
{
    int feature = position(name, feature_names, FEATURE_COUNT);
    int check = position(name, check_names, CHECK_COUNT);
    return feature >= 0 ? 1u << feature : check >= 0 ? 1u << (CHECKS_SHIFT + check) : 0;
}

static void set_switch(struct section *section, unsigned feature, struct slice value,
                       const struct source *source)
{
    bool on;
    if (!parse_switch(value, &on)) {
        complain(source, value, EXPECTED_SWITCH);
        return;
    }
    section->set |= feature;
    section->values.features &= ~feature;
    if (on)
        section->values.features |= feature;
}

static void set_key(struct section *section, const struct key *key, struct slice value,
                    const struct source *source)
{
    if (!key->set(&section->values, value))
        complain(source, value, key->expected);
    else
        section->set |= key->bit;
}

/* One "key = value", already without comment and blanks around it. */
static void take_assignment(struct section *section, struct slice text, const struct source *source)
{
    const char *equals_sign = memchr(text.start, '=', text.length);
    if (!equals_sign) {
        complain(source, text, "not a setting; write key = value");
        return;
    }
    size_t before = (size_t)(equals_sign - text.start);
    struct slice name = trimmed((struct slice){text.start, before});
    struct slice value = trimmed((struct slice){equals_sign + 1, text.length - before - 1});

    unsigned feature = switch_named(name);
    if (feature != 0) {
        set_switch(section, feature, value, source);
        return;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!equals(name, keys[i].name))
            continue;
        if (source->is_environment && keys[i].bit == SET_ALLOW_ENVIRONMENT)
            complain(source, name, "this key can be set in the configuration file only");
        else
            set_key(section, &keys[i], value, source);
        return;
    }
    complain(source, name, "no such key; compatmalloc.conf(5) lists them all");
}

/* --- sections --------------------------------------------------------------------------------- */

/* Does a set such as [a-z] or [!0-9], whose first byte after '[' is *at, contain c? Moves *at behind the ']'.
 */
static bool in_set(struct slice pattern, size_t *at, char c)
{
    size_t i = *at;
    bool negated = i < pattern.length && (pattern.start[i] == '!' || pattern.start[i] == '^');
    bool found = false;
    i += negated;
    for (size_t first = i; i == first || pattern.start[i] != ']'; i++) {
        unsigned char low = (unsigned char)pattern.start[i], high = low;
        if (i + 2 < pattern.length && pattern.start[i + 1] == '-' && pattern.start[i + 2] != ']') {
            high = (unsigned char)pattern.start[i + 2];
            i += 2;
        }
        found |= low <= (unsigned char)c && (unsigned char)c <= high;
    }
    *at = i + 1;
    return found != negated;
}

/* Is there a ']' that ends the set which starts behind the '[' at `at`? Without one, '[' stands for itself.
 */
static bool set_is_closed(struct slice pattern, size_t at)
{
    at += at < pattern.length && (pattern.start[at] == '!' || pattern.start[at] == '^');
    at++;
    return at < pattern.length && memchr(pattern.start + at, ']', pattern.length - at) != NULL;
}

/* Does the pattern's next element match c? Moves *at behind the element. Only a '/' matches a '/'. */
static bool element_matches(struct slice pattern, size_t *at, char c)
{
    char p = pattern.start[(*at)++];
    if (p == '?')
        return c != '/';
    if (p == '[' && set_is_closed(pattern, *at))
        return in_set(pattern, at, c) && c != '/';
    return p == c;
}

/*
 * A star first takes nothing and grows by one byte at each failure. Only the last star needs to grow: stars
 * never cross a '/', so each name of the path is matched on its own, and within one name the shortest match
 * of an earlier star leaves the most for the later ones.
 */
static bool glob_matches(struct slice pattern, const char *path)
{
    size_t at = 0, resume_at = 0;
    const char *resume_path = NULL;
    for (;;) {
        if (at < pattern.length && pattern.start[at] == '*') {
            resume_at = ++at;
            resume_path = path;
        } else if (*path == '\0' && at == pattern.length) {
            return true;
        } else if (*path != '\0' && at < pattern.length && element_matches(pattern, &at, *path)) {
            path++;
        } else if (resume_path && *resume_path != '\0' && *resume_path != '/') {
            at = resume_at;
            path = ++resume_path;
        } else {
            return false;
        }
    }
}

static bool program_matches(struct slice pattern, const char *program)
{
    if (!program)
        return false;
    if (pattern.start[0] != '/') {
        for (const char *at = program; *at; at++)
            if (*at == '/')
                program = at + 1;
    }
    return glob_matches(pattern, program);
}

enum header {
    HEADER_DEFAULT,
    HEADER_PROGRAM,
    HEADER_WRONG
};

/* Reads "[...]". With HEADER_PROGRAM, *argument is the pattern; with HEADER_WRONG, *problem says why. */
static enum header parse_header(struct slice line, struct slice *argument, const char **problem)
{
    static const char program[] = "program";
    const size_t word = sizeof program - 1;

    *problem = "the section's name does not end in ]; its lines are ignored";
    if (line.start[line.length - 1] != ']')
        return HEADER_WRONG;
    struct slice name = trimmed((struct slice){line.start + 1, line.length - 2});
    if (equals(name, "default"))
        return HEADER_DEFAULT;

    *problem = "no such section; write [default] or [program PATTERN]; its lines are ignored";
    if (name.length < word || memcmp(name.start, program, word) != 0 ||
        (name.length > word && !is_blank(name.start[word])))
        return HEADER_WRONG;
    *argument = trimmed((struct slice){name.start + word, name.length - word});

    *problem = "not a program; write an absolute path, a pattern of one, or a file name without /; "
               "the section's lines are ignored";
    if (argument->length == 0 || memchr(argument->start, '\0', argument->length) ||
        (argument->start[0] != '/' && memchr(argument->start, '/', argument->length)))
        return HEADER_WRONG;
    return HEADER_PROGRAM;
}

/* --- the file --------------------------------------------------------------------------------- */

static struct slice without_byte_order_mark(const char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t skip = length >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    return (struct slice){text + skip, length - skip};
}

/* The next line that holds more than blanks and comment. Counts lines in *number. */
static bool next_line(struct slice *rest, struct slice *line, unsigned *number)
{
    while (take_until(rest, '\n', line)) {
        ++*number;
        *line = trimmed(without_comment(*line));
        if (line->length > 0)
            return true;
    }
    return false;
}

void settings_apply_file(struct settings *settings, const char *text, size_t length, const char *program,
                         settings_problem_handler *handler, void *context)
{
    struct slice rest = without_byte_order_mark(text, length), line, pattern;
    struct source source = {.handler = handler, .context = context};
    struct section defaults = {0}; /* may come in several pieces, also behind sections for programs */
    struct section programs = {0}; /* all sections that match, laid over each other */
    struct section section = {0};  /* the one being read, unless it is [default] */
    bool in_default = true, applies = false;
    const char *problem;

    while (next_line(&rest, &line, &source.line)) {
        if (line.start[0] != '[') {
            take_assignment(in_default ? &defaults : &section, line, &source);
            continue;
        }
        if (applies)
            lay_over(&programs, &section);
        section = (struct section){0};
        enum header header = parse_header(line, &pattern, &problem);
        in_default = header == HEADER_DEFAULT;
        applies = header == HEADER_PROGRAM && program_matches(pattern, program);
        if (header == HEADER_WRONG)
            complain(&source, line, problem);
    }
    if (applies)
        lay_over(&programs, &section);
    apply_section(settings, &defaults);
    apply_section(settings, &programs);
}

bool settings_file_has_programs(const char *text, size_t length)
{
    struct slice rest = without_byte_order_mark(text, length), line, pattern;
    unsigned number = 0;
    const char *problem;

    while (next_line(&rest, &line, &number))
        if (line.start[0] == '[' && parse_header(line, &pattern, &problem) == HEADER_PROGRAM)
            return true;
    return false;
}

void settings_apply_options(struct settings *settings, const char *options, size_t length,
                            settings_problem_handler *handler, void *context)
{
    struct slice rest = {options, length}, item;
    struct source source = {.handler = handler, .context = context, .is_environment = true};
    struct section section = {0};

    while (take_until(&rest, ',', &item)) {
        item = trimmed(item);
        if (item.length > 0)
            take_assignment(&section, item, &source);
    }
    apply_section(settings, &section);
}
