/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "constants.h"

#define PATHS_NAME     paths_strict
#define PATHS_FEATURES FEATURES_STRICT
#include "paths_template.h"
