/**
 * Real Kubernetes control planes for labs and tests: etcd, kube-apiserver and the controller
 * manager as child processes on loopback.
 *
 * <p>In: binaries that are there, or a Go toolchain to build them once. Out: clusters that can be
 * frozen, killed and brought back. Must hold: nothing listens outside loopback, no process outlives
 * its owner, and pods are objects only, since there is no kubelet.
 */
@NullMarked
package io.portolan.lab.kubernetes;

import org.jspecify.annotations.NullMarked;
