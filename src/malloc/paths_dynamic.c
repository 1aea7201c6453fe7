/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "constants.h"

#define PATHS_NAME     paths_dynamic
#define PATHS_FEATURES (constants.features & (FEATURES_COMPILED | CHECKS_ALL))
#include "paths_template.h"
