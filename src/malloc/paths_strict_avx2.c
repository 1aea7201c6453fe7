/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Compiled for AVX2 and BMI2, and only called where the CPU has them. */
#include "constants.h"

#define PATHS_NAME     paths_strict_avx2
#define PATHS_FEATURES FEATURES_STRICT
#include "paths_template.h"
