/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tags.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define TAGGED_MAPPING 0x20 /* PROT_MTE, of the kernel's header for aarch64 */

int tags_protection(unsigned class)
{
    if (class == CLASS_ZERO)
        return PROT_NONE;
    return PROT_READ | PROT_WRITE | (tags_in_force() && class < CLASS_FIRST_PAGED ? TAGGED_MAPPING : 0);
}

#if TAGS_POSSIBLE

#define HAS_TAGS (1UL << 18) /* HWCAP2_MTE */

/* What the kernel is asked for: that addresses with tags may be given to it, too, that a fault comes at once,
 * and that no tag is chosen at random which is 0. */
#define TAGGED_ADDRESSES (PR_TAGGED_ADDR_ENABLE | (0xfffeUL << PR_MTE_TAG_SHIFT))

static bool set_control(unsigned long control)
{
    return prctl(PR_SET_TAGGED_ADDR_CTRL, control, 0, 0, 0) == 0;
}

/* Threads that are started from here on inherit it, and there are no others yet. */
bool tags_start(void)
{
    return (getauxval(AT_HWCAP2) & HAS_TAGS) != 0 && set_control(TAGGED_ADDRESSES | PR_MTE_TCF_SYNC);
}

bool tags_give_up(void)
{
    return set_control(TAGGED_ADDRESSES | PR_MTE_TCF_NONE);
}

#endif
