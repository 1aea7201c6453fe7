/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "size_class.h"

/* clang-format off */
const uint32_t class_usable[CLASS_COUNT] = {
    0,
    32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256,
    288, 320, 352, 384, 416, 448, 480, 528,
    576, 640, 704, 768, 832, 896, 960, 1040,
    1152, 1280, 1408, 1536, 1664, 1792, 1920, 2064,
    2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096, 4112,
    4608, 5120, 5632, 6144, 6656, 7168, 7680, 8192, 8208,
    4096, 8192, 12288, 16384, 20480, 24576, 28672, 32768, 36864, 40960, 49152,
    57344, 65536, 73728, 81920, 98304, 114688, 131072,
    4096,
};
/* clang-format on */

void class_tables_build(uint8_t *small, uint8_t *paged)
{
    unsigned c = CLASS_FIRST;
    for (size_t i = 0; i < CLASS_TABLE_SMALL; i++) {
        while (class_usable[c] < i * 16)
            c++;
        small[i] = (uint8_t)c;
    }
    c = CLASS_FIRST_PAGED;
    for (size_t i = 0; i < CLASS_TABLE_PAGED; i++) {
        while (class_usable[c] < i * 4096)
            c++;
        paged[i] = (uint8_t)c;
    }
}
