/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Compiled for AVX2 and BMI2, and only called where the CPU has them. */
#include "constants.h"

#define PATHS_NAME     paths_default_avx2
#define PATHS_FEATURES FEATURES_DEFAULT
#define PATHS_COMMON
#include "paths_template.h"
