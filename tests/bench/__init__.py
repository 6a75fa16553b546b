# SPDX-License-Identifier: BSD-2-Clause
"""
Speed beside peers: util/bench runs this. machines.py and guest.py start what is measured, transfer.py, http.py,
boot.py and cost.py measure, table.py prints. All figures come from packet times, which QEMU takes for every firmware
alike.
"""
