# SPDX-License-Identifier: BSD-2-Clause
"""
Speed beside peers: util/bench runs this. machines.py starts what is measured, transfer.py, boot.py and cost.py
measure, table.py prints. All figures come from packet times, which QEMU takes for every firmware alike.
"""
