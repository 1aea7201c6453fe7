/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "trust.h"

#include <unistd.h>

const char *settings_distrust(const struct stat *status, bool chosen_by_user)
{
    if (!S_ISREG(status->st_mode))
        return "not a regular file; ignored";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "writable by others than its owner; ignored until chmod go-w";
    if (status->st_uid != 0 && !(chosen_by_user && status->st_uid == geteuid()))
        return "not owned by root; ignored until chown root";
    return NULL;
}
