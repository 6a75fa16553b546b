/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka with the headers it wants in front. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

#endif
