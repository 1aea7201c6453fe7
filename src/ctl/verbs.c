/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "verbs.h"

/* In the order of --help. */
const struct verb *const verbs[] = {
    &verb_run,
#if HAVE_LIBSYSTEMD
    &verb_enable,        &verb_disable,     &verb_system_enable, &verb_system_confirm, &verb_system_disable,
    &verb_system_status, &verb_system_wake, &verb_system_sleep,
#endif
    &verb_status,        &verb_verify,
#if HAVE_LIBSYSTEMD
    &verb_events,        &verb_explain,     &verb_report,        &verb_metrics,
#endif
    &verb_doctor,        &verb_exempt,      &verb_check_config,  &verb_complete,       NULL,
};
