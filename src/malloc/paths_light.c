/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "constants.h"

#define PATHS_NAME     paths_light
#define PATHS_FEATURES FEATURES_LIGHT
#include "paths_template.h"
