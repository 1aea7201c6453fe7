/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "constants.h"

#define PATHS_NAME     paths_default
#define PATHS_FEATURES FEATURES_DEFAULT
#include "paths_template.h"
