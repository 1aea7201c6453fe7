/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef VERBS_H
#define VERBS_H

#include "ctl.h"

extern const struct verb verb_run, verb_enable, verb_disable, verb_system_enable, verb_system_disable,
    verb_system_confirm, verb_system_status, verb_system_wake, verb_system_sleep, verb_status, verb_verify,
    verb_events, verb_explain, verb_doctor, verb_exempt, verb_check_config, verb_report, verb_metrics,
    verb_complete;

#endif
