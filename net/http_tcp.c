/* SPDX-License-Identifier: BSD-2-Clause */
/* http: HTTP over TCP, RFC 9110 4.2.1. All else is in http.c, which knows no TCP. */
#include "net/http.h"
#include "net/tcp.h"

const struct http_scheme http_scheme = {{"http", http_start, http_cancel, http_more}, 80, tcp_open};
