/* SPDX-License-Identifier: BSD-2-Clause */
/* What BearSSL's hash functions take from <string.h>. */
#ifndef NET_BEARSSL_STRING_H
#define NET_BEARSSL_STRING_H

#include "core/str.h"

#endif
