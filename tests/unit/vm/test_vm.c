/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/vm/vm_cases.h"

TEST_MAIN(VM_CASES)
