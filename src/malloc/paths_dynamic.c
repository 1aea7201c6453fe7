/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "constants.h"

#include "tags.h"

#define PATHS_NAME           paths_dynamic
#define PATHS_FEATURES       (constants.features & (FEATURES_COMPILED | CHECKS_ALL))
#define PATHS_FEATURES_SMALL tags_leave(CLASS_FIRST, PATHS_FEATURES)
#include "paths_template.h"
