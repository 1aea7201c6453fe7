/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the library says of itself (compatmalloc.h). */
#include <string.h>

#include "compatmalloc.h"
#include "constants.h"
#include "start.h"

EXPORT const char *compatmalloc_version(void)
{
    return COMPATMALLOC_VERSION_STRING;
}

EXPORT unsigned compatmalloc_features(void)
{
    return start_is_passthrough() ? 0 : constants.features & FEATURES_ALL;
}

EXPORT const char *compatmalloc_features_string(void)
{
    static const char *const names[FEATURE_COUNT] = FEATURE_NAMES;
    static char text[160];
    char built[sizeof text] = "";
    unsigned features = compatmalloc_features();
    size_t length = 0;
    for (unsigned i = 0; i < FEATURE_COUNT; i++) {
        if (!(features & 1u << i))
            continue;
        if (length != 0)
            built[length++] = ' ';
        size_t name = strlen(names[i]);
        memcpy(built + length, names[i], name);
        length += name;
    }
    /* Every thread writes the same bytes, so it does not matter who was first. */
    memcpy(text, built, length + 1);
    return text;
}
