/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "checks.h"

#include <elf.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "config_edit.h"
#include "config_file.h"
#include "ctl.h"
#include "file.h"
#include "json.h"
#include "library.h"
#include "preload_file.h"
#include "problem.h"
#include "processes.h"
#include "spawn.h"
#include "standing.h"
#include "trust.h"

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {[CHECK_GOOD] = "good",
                                        [CHECK_NOTE] = "note",
                                        [CHECK_WARNING] = "warning",
                                        [CHECK_OBSTACLE] = "obstacle"};
    return names[severity];
}

/* Takes the two texts over. */
static void add(struct findings *findings, const char *name, enum severity severity, char *what, char *fix)
{
    struct finding *longer = reallocarray(findings->list, findings->count + 1, sizeof *longer);
    if (!longer)
        exit(trouble("out of memory"));
    findings->list = longer;
    findings->list[findings->count++] = (struct finding){name, severity, what, fix};
}

void checks_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].what);
        free(findings->list[i].fix);
    }
    free(findings->list);
}

/* A number in a file of /proc or /sys; -1 if there is none. */
static long read_number(const char *path)
{
    char *text = file_read(path, NULL);
    long number = text && *text >= '0' && *text <= '9' ? strtol(text, NULL, 10) : -1;
    free(text);
    return number;
}

/* --- the library and what it meets ------------------------------------------------------------- */

/* Without a sound library, nothing else about it need be tried. */
static bool check_library(struct findings *findings)
{
    char *reason = library_trouble();
    bool sound = !reason;
    if (reason)
        add(findings, "library", CHECK_OBSTACLE, reason,
            text_of("install the package with the library again (libcompatmalloc1, or compatmalloc-libs)"));
    else
        add(findings, "library", CHECK_GOOD, text_of("a program that is started with it gets it"), NULL);
    return sound;
}

/* Programs that every machine needs to be reached and mended, and interpreters. Those that are not there are
 * left out.
 */
static const char *const canaries[][5] = {
    {"true"},
    {"sh", "-c", "for i in 1 2 3; do echo $i; done | sort"},
    {"bash", "-c", "x=(a b c); echo ${x[@]}"},
    {"ls", "-lR", "/etc/init.d"},
    {"systemctl", "--version"},
    {"journalctl", "--version"},
    {"sshd", "-t"},
    {"ssh", "-V"},
    {"sudo", "-V"},
    {"su", "--version"},
    {"ip", "address"},
    {"mount", "--version"},
    {"getent", "passwd", "root"},
    {"dpkg", "--list"},
    {"apt-get", "--version"},
    {"rpm", "--version"},
    {"dnf", "--version"},
    {"python3", "-c", "import json, re; print(json.dumps([re.escape(str(i)) for i in range(999)]))"},
    {"perl", "-e", "print join(q( ), map { $_ x 9 } 1 .. 999)"},
    {"openssl", "version"},
};

static bool is_installed(const char *program)
{
    static const char *const places[] = {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = text_of("%s%s", places[i], program);
        bool found = access(path, X_OK) == 0;
        free(path);
        if (found)
            return true;
    }
    return false;
}

/* The first line that the library has to say of the program, which is not what it says of its configuration:
 * that is looked at by itself. NULL if there is none. */
static const char *report_in(const char *errors)
{
    static const char name[] = "compatmalloc: ";
    const char *found = strstr(errors, name);
    while (found && strncmp(found + sizeof name - 1, CONFIG_FILE, sizeof CONFIG_FILE - 1) == 0)
        found = strstr(found + 1, name);
    return found;
}

static char *canary_trouble(const char *const *command)
{
    char *preload = text_of("LD_PRELOAD=%s", library_to_preload());
    struct outcome without = spawn(command, NULL), with = spawn(command, (const char *[]){preload, NULL});
    char *problem = NULL;
    const char *report = report_in(with.errors);
    if (report)
        problem = text_of("%s: %.*s", command[0], (int)strcspn(report, "\n"), report);
    else if (with.status == -1 && without.status != -1)
        problem = text_of("%s does not end under it", command[0]);
    else if (with.status != -1 && WIFSIGNALED(with.status) && with.status != without.status)
        problem = text_of("%s is killed by signal %d (%s) under it", command[0], WTERMSIG(with.status),
                          strsignal(WTERMSIG(with.status)));
    else if (with.status != without.status)
        problem = text_of("%s exits with status %d under it, not with %d", command[0],
                          WEXITSTATUS(with.status), WEXITSTATUS(without.status));
    free(with.errors);
    free(without.errors);
    free(preload);
    return problem;
}

static void check_programs(struct findings *findings)
{
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++) {
        if (!is_installed(canaries[i][0]))
            continue;
        tried++;
        char *problem = canary_trouble(canaries[i]);
        if (problem)
            add(findings, "programs", CHECK_OBSTACLE, problem,
                text_of("'compatmallocctl run %s' shows it; if the bug is the program's, 'compatmallocctl "
                        "exempt' leaves "
                        "that one alone",
                        canaries[i][0]));
    }
    add(findings, "programs", CHECK_GOOD,
        text_of("%u programs that this machine needs were tried under it", tried), NULL);
}

static int machine_of(const char *path)
{
    Elf64_Ehdr head;
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(&head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    return got == sizeof head && memcmp(head.e_ident, ELFMAG, SELFMAG) == 0
               ? head.e_machine << 8 | head.e_ident[EI_CLASS]
               : -1;
}

/* As ldd does it: all that the library needs is found for that architecture, and goes together. */
static char *loader_trouble(const char *loader, const char *library)
{
    struct outcome outcome = spawn((const char *[]){loader, "--list", library, NULL}, NULL);
    char *problem = NULL;
    if (outcome.status != 0)
        problem = text_of("%s cannot load %s: %.*s", loader, library, (int)strcspn(outcome.errors, "\n"),
                          outcome.errors);
    free(outcome.errors);
    return problem;
}

/* Another machine's loader is there for cross-compilers, perhaps. */
static bool can_run(const char *loader)
{
    struct outcome outcome = spawn((const char *[]){loader, "--version", NULL}, NULL);
    free(outcome.errors);
    return outcome.status == 0;
}

static void check_loader(struct findings *findings, const char *loader)
{
    if (!can_run(loader))
        return;
    char **library = library_files();
    while (*library && machine_of(*library) != machine_of(loader))
        library++;
    if (!*library) {
        add(findings, "formats", CHECK_OBSTACLE,
            text_of("%s starts programs of another format (32 bits, for example), for which no library is "
                    "installed: each "
                    "would complain of that at its start",
                    loader),
            text_of("install the library for that architecture as well, or remove its C library"));
        return;
    }
    char *problem = loader_trouble(loader, *library);
    if (problem)
        add(findings, "formats", CHECK_OBSTACLE, problem,
            text_of("install the library for that architecture again"));
    else
        add(findings, "formats", CHECK_GOOD, text_of("%s finds %s", loader, *library), NULL);
}

static bool leads_to_same(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void check_formats(struct findings *findings)
{
    static const char *const places[] = {"/lib64/ld-linux*.so.*", "/lib/ld-linux*.so.*",
                                         "/libx32/ld-linux*.so.*"};
    glob_t loaders = {0};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        glob(places[i], i == 0 ? 0 : GLOB_APPEND, NULL, &loaders);
    for (size_t i = 0; i < loaders.gl_pathc; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = leads_to_same(loaders.gl_pathv[i], loaders.gl_pathv[k]);
        if (!seen)
            check_loader(findings, loaders.gl_pathv[i]);
    }
    globfree(&loaders);
    if (glob("/lib/ld-musl-*.so.*", 0, NULL, &loaders) == 0)
        add(findings, "formats", CHECK_NOTE,
            text_of("there are programs for the C library musl, which compatmalloc cannot protect and does "
                    "not disturb"),
            NULL);
    globfree(&loaders);
}

/* --- settings --------------------------------------------------------------------------------- */

static void count_problem(void *first, const struct settings_problem *problem)
{
    char buffer[400];
    struct text text = {buffer, sizeof buffer, 0};
    char **sentence = first;
    if (*sentence)
        return;
    text_problem(&text, CONFIG_FILE, problem);
    *sentence = text_of("%.*s", (int)text.used, buffer);
}

static void check_configuration(struct findings *findings)
{
    struct stat status;
    struct settings settings;
    size_t length;
    char *problem = NULL;
    if (stat(CONFIG_FILE, &status) != 0) {
        add(findings, "configuration", CHECK_NOTE, text_of("there is no " CONFIG_FILE ": the defaults apply"),
            NULL);
        return;
    }
    const char *distrust = settings_distrust(&status, false);
    char *text = distrust ? text_of("%s", "") : file_read(CONFIG_FILE, &length);
    settings_from_profile(&settings, PROFILE_DEFAULT);
    if (distrust)
        problem = text_of(CONFIG_FILE ": %s", distrust);
    else if (text)
        settings_apply_file(&settings, text, length, NULL, count_problem, &problem);
    free(text);
    if (problem)
        add(findings, "configuration", CHECK_WARNING, problem,
            text_of("'compatmallocctl check-config' names all such lines"));
    else
        add(findings, "configuration", CHECK_GOOD, text_of(CONFIG_FILE " is understood"), NULL);
}

/* --- the kernel -------------------------------------------------------------------------------- */

static bool has_word(const char *path, const char *word)
{
    size_t length;
    char *text = file_read(path, &length);
    bool found = false;
    for (size_t i = 0; i < (text ? length : 0); i++)
        text[i] = text[i] == '\0' || text[i] == '\n' ? ' ' : text[i];
    for (char *at = text; at && !found && (at = strstr(at, word)); at++)
        found = (at == text || at[-1] == ' ') && (at[strlen(word)] == ' ' || at[strlen(word)] == '\0');
    free(text);
    return found;
}

bool kernel_says_off(void)
{
    /* The kernel's line; and for containers what init was started with. */
    return has_word("/proc/cmdline", "compatmalloc=off") || has_word("/proc/1/cmdline", "compatmalloc=off");
}

static bool has_guard_install(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    return uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 13));
}

static void check_kernel(struct findings *findings)
{
    long maps = read_number("/proc/sys/vm/max_map_count"),
         aslr = read_number("/proc/sys/kernel/randomize_va_space");
    if (maps > 0 && maps < 65530)
        add(findings, "max_map_count", CHECK_WARNING,
            text_of(
                "vm.max_map_count is %ld: large programs may run out of mappings, and get fewer guard pages",
                maps),
            text_of("sysctl -w vm.max_map_count=65530, and the same in /etc/sysctl.d"));
    else
        add(findings, "max_map_count", CHECK_GOOD, text_of("vm.max_map_count is %ld", maps), NULL);
    if (!has_guard_install())
        add(findings, "guard_pages", CHECK_NOTE,
            text_of("this kernel is older than Linux 6.13: guard pages cost memory mappings, of which at "
                    "most half are used"),
            NULL);
    if (read_number("/proc/sys/vm/overcommit_memory") == 2)
        add(findings, "overcommit", CHECK_NOTE,
            text_of("vm.overcommit_memory is 2: memory in quarantine counts against the machine's limit"),
            text_of("if programs run out of memory: a smaller quarantine-size, or vm.overcommit_ratio"));
    if (aslr >= 0 && aslr < 2)
        add(findings, "address_randomization", CHECK_WARNING,
            text_of("kernel.randomize_va_space is %ld: where libraries and stacks lie can be guessed", aslr),
            text_of("sysctl -w kernel.randomize_va_space=2"));
    if (kernel_says_off())
        add(findings, "kernel_command_line", CHECK_OBSTACLE,
            text_of("this boot was asked to go without (compatmalloc=off on the kernel command line)"),
            text_of("start the machine without that word"));
}

/* --- who else has a say -------------------------------------------------------------------------- */

static void check_security_modules(struct findings *findings)
{
    char label[256];
    if (read_number("/sys/fs/selinux/enforce") == 1)
        for (char **library = library_files(); *library; library++) {
            ssize_t length = getxattr(*library, "security.selinux", label, sizeof label - 1);
            label[length > 0 ? length : 0] = '\0';
            if (strstr(label, ":lib_t"))
                add(findings, "selinux", CHECK_GOOD, text_of("%s is labelled as a library", *library), NULL);
            else
                add(findings, "selinux", CHECK_WARNING,
                    text_of("%s is labelled '%s': confined programs may not load it", *library, label),
                    text_of("restorecon %s", *library));
        }
    char *profiles = file_read("/sys/kernel/security/apparmor/profiles", NULL);
    if (profiles && strstr(profiles, "(enforce)"))
        add(findings, "apparmor", CHECK_NOTE,
            text_of("AppArmor confines programs: those may load the library, but whether they may "
                    "read " CONFIG_FILE " is for their profiles to say; without, the defaults apply"),
            text_of("'" CONFIG_FILE
                    " r,' in /etc/apparmor.d/local/ for programs with settings of their own"));
    free(profiles);
}

static void check_preload_file(struct findings *findings)
{
    static const char *const allocators[] = {"jemalloc", "tcmalloc",        "mimalloc",
                                             "snmalloc", "hardened_malloc", "scudo"};
    char *foreign = preload_foreign_libraries();
    const char *allocator = NULL;
    for (size_t i = 0; i < sizeof allocators / sizeof *allocators && !allocator; i++)
        allocator = strstr(foreign, allocators[i]);
    if (allocator)
        add(findings, "preload_file", CHECK_OBSTACLE,
            text_of(PRELOAD_FILE " loads another allocator into all programs: %s", foreign),
            text_of("take that line out"));
    else if (*foreign)
        add(findings, "preload_file", CHECK_NOTE,
            text_of(PRELOAD_FILE " names other libraries (%s); they stay as they are", foreign), NULL);
    if (preload_has_line() && !preload_is_in_force())
        add(findings, "preload_file", CHECK_WARNING,
            text_of(PRELOAD_FILE " names the library, but the links that it goes by are not there"),
            text_of("'compatmallocctl system enable', or 'compatmallocctl system disable'"));
    free(foreign);
}

/* The files that go with the line are there before it, so that it is never without them. Whoever ends the
 * tool in between leaves them. */
static void check_system_mode(struct findings *findings)
{
    bool enabled = preload_is_enabled();
    if (enabled && preload_is_on_trial())
        add(findings, "trial", CHECK_WARNING,
            text_of("compatmalloc is on trial in all programs, and is taken out at its end"),
            text_of("'compatmallocctl system confirm' keeps it"));
    else if (preload_is_on_trial())
        add(findings, "trial", CHECK_WARNING, text_of("a trial in all programs was prepared and never begun"),
            text_of("'compatmallocctl system disable' tidies up"));
    if (!enabled && config_is_audited())
        add(findings, "audit", CHECK_WARNING,
            text_of(CONFIG_FILE
                    " lets programs carry on after a report, because of an audit of all programs that was "
                    "never begun"),
            text_of("'compatmallocctl system disable' tidies up"));
}

static void check_journal(struct findings *findings)
{
    if (access("/run/systemd/journal/socket", F_OK) != 0)
        add(findings, "journal", CHECK_WARNING,
            text_of(
                "there is no systemd journal: reports go to standard error only, and 'events' finds nothing"),
            text_of("systemctl start systemd-journald"));
}

static void check_processes(struct findings *findings)
{
    struct processes processes;
    if (!processes_read(&processes))
        return;
    size_t waiting = 0;
    for (size_t i = 0; i < processes.count; i++) {
        process_read_details(&processes.list[i]);
        waiting += process_standing(&processes.list[i]) == STANDS_NEEDS_RESTART;
    }
    if (waiting > 0)
        add(findings, "restarts", CHECK_WARNING,
            text_of("%zu processes were started before compatmalloc was enabled for them", waiting),
            text_of("'compatmallocctl status' shows them as 'restart'"));
    processes_free(&processes);
}

void checks_run(struct findings *findings)
{
    *findings = (struct findings){0};
    if (check_library(findings)) {
        check_programs(findings);
        check_formats(findings);
    }
    check_configuration(findings);
    check_kernel(findings);
    check_security_modules(findings);
    check_preload_file(findings);
    check_system_mode(findings);
    check_journal(findings);
    check_processes(findings);
}

void findings_print_json(const char *name, const struct findings *findings)
{
    json_begin(name, '[');
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->list[i];
        json_begin(NULL, '{');
        json_string("check", f->name);
        json_string("severity", severity_name(f->severity));
        json_string("what", f->what);
        json_string("fix", f->fix);
        json_end('}');
    }
    json_end(']');
}
