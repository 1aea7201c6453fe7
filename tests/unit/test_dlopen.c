/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* dlopen: without RTLD_DEEPBIND, and with everything else as the C library's has it. */
#include "unit.h"

#include <dlfcn.h>

/* Beside the program: that works only if the C library sees the program as the caller. */
#define PLUGIN "$ORIGIN/libdeepbound.so"

static void (*deep_free)(void *block);
static void *(*deep_malloc)(size_t size);

static void *load(int mode)
{
    void *plugin = dlopen(PLUGIN, mode);
    if (plugin == NULL)
        print_error("%s\n", dlerror());
    assert_non_null(plugin);
    *(void **)&deep_free = dlsym(plugin, "deep_free");
    *(void **)&deep_malloc = dlsym(plugin, "deep_malloc");
    assert_non_null(deep_free);
    assert_non_null(deep_malloc);
    return plugin;
}

static void blocks_are_exchanged_with_what_is_bound_deeply(void **state)
{
    (void)state;
    void *plugin = load(RTLD_NOW | RTLD_DEEPBIND);
    for (size_t size = 0; size < 500000; size += 7919) {
        deep_free(malloc(size));
        free(deep_malloc(size));
    }
    dlclose(plugin);
}

static void the_rest_of_the_mode_counts(void **state)
{
    (void)state;
    void *plugin = load(RTLD_NOW | RTLD_LOCAL);
    assert_null(dlsym(RTLD_DEFAULT, "deep_free"));
    assert_ptr_equal(dlopen(PLUGIN, RTLD_LAZY | RTLD_NOLOAD | RTLD_GLOBAL | RTLD_DEEPBIND), plugin);
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "deep_free"), *(void **)&deep_free);
    dlclose(plugin);
    dlclose(plugin);
}

static void errors_are_those_of_the_c_library(void **state)
{
    (void)state;
    assert_null(dlopen("/nowhere/libnothing.so", RTLD_NOW));
    assert_non_null(strstr(dlerror(), "/nowhere/libnothing.so"));
    assert_null(dlopen(PLUGIN, 0));
    assert_non_null(dlerror());
    assert_non_null(dlopen(NULL, RTLD_NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_exchanged_with_what_is_bound_deeply),
        cmocka_unit_test(the_rest_of_the_mode_counts),
        cmocka_unit_test(errors_are_those_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
