/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Compiled for AVX-512 and BMI2, and only called where the CPU has them. */
#include "constants.h"

#define PATHS_NAME     paths_strict_avx512
#define PATHS_FEATURES FEATURES_STRICT
#include "paths_template.h"
