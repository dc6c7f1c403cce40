//! Workloads as supervised processes of this machine.
