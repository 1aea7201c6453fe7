/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl.h"

#define COLUMNS_MAX 10

struct cell {
    char *text;
    enum colour colour;
};

struct table {
    size_t columns;
    bool right[COLUMNS_MAX];
    size_t width[COLUMNS_MAX];
    struct cell *cells; /* the titles first */
    size_t count;
};

static bool is_coloured(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

const char *colour_on(enum colour colour)
{
    static const char *const codes[] = {
        [PLAIN] = "", [GREEN] = "\033[32m", [YELLOW] = "\033[33m", [RED] = "\033[31m", [BOLD] = "\033[1m"};
    return is_coloured() ? codes[colour] : "";
}

const char *colour_off(enum colour colour)
{
    return is_coloured() && colour != PLAIN ? "\033[0m" : "";
}

static bool is_harmless(char c)
{
    return (unsigned char)c >= 0x20 && c != 0x7f;
}

void table_print_harmless(const char *text)
{
    for (; *text; text++)
        putchar(is_harmless(*text) ? *text : '?');
}

static void add(struct table *table, enum colour colour, const char *text)
{
    struct cell *longer = reallocarray(table->cells, table->count + 1, sizeof *longer);
    if (!longer)
        exit(trouble("out of memory"));
    table->cells = longer;
    char *copy = text_of("%s", text);
    for (char *c = copy; *c; c++)
        *c = is_harmless(*c) ? *c : '?';
    size_t column = table->columns ? table->count % table->columns : 0, length = strlen(copy);
    table->width[column] = length > table->width[column] ? length : table->width[column];
    table->cells[table->count++] = (struct cell){copy, colour};
}

struct table *table_begin(const char *const *titles)
{
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        exit(trouble("out of memory"));
    while (titles[table->columns] && table->columns < COLUMNS_MAX)
        table->columns++;
    for (size_t i = 0; i < table->columns && titles[i]; i++) {
        table->right[i] = titles[i][0] == '>';
        add(table, BOLD, titles[i] + table->right[i]);
    }
    return table;
}

void table_cell(struct table *table, enum colour colour, const char *text)
{
    add(table, colour, text);
}

/* Columns of the terminal, or no limit. */
static size_t line_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20
               ? size.ws_col
               : (size_t)-1;
}

void table_end(struct table *table)
{
    size_t room = line_width(), at = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct cell *cell = &table->cells[i];
        size_t column = i % table->columns, length = strlen(cell->text);
        bool last = column + 1 == table->columns;
        size_t width = last ? length : table->width[column];
        size_t left = room > at ? room - at : 0;
        length = length < left ? length : left;
        size_t padding = width > length && width <= left ? width - length : 0;
        printf("%*s%s%.*s%s%*s%s", table->right[column] ? (int)padding : 0, "", colour_on(cell->colour),
               (int)length, cell->text, colour_off(cell->colour),
               table->right[column] || last ? 0 : (int)padding, "",
               last               ? "\n"
               : left > width + 2 ? "  "
                                  : "");
        at = last ? 0 : at + width + 2;
        free(cell->text);
    }
    free(table->cells);
    free(table);
}
