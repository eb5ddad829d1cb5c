/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SK_CLI_VERSION_H
#define SK_CLI_VERSION_H

#define SK_VERSION "0.1.0"

#endif
