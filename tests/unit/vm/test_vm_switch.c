/* SPDX-License-Identifier: Apache-2.0 */
/* The engine again, with a switch instead of computed goto. */
#define SK_VM_SWITCH
#include "vm/vm.c"

#include "tests/unit/vm/vm_cases.h"

TEST_MAIN(VM_CASES)
