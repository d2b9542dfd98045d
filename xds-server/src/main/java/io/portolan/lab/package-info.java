/**
 * A federated mesh on one machine: control plane, Envoys and small workloads as child processes.
 *
 * <p>In: a scenario folder. Out: traffic, a live table, verdicts. Must hold: an ordinary user
 * suffices, nothing is reached from outside, and no process outlives the lab.
 *
 * <p>{@code LabRunner} starts a {@code Lab}, with API servers ({@code KubernetesMesh}) once more
 * within a {@code LabNamespace}, where {@code LabAddresses} says what the scenario's addresses are;
 * {@code LabCommands} answers other terminals. {@code LabScript} runs a scenario's steps: {@code
 * TrafficSteps} look at who answers, {@code ProxySteps} at Envoys, {@code ControlPlaneSteps} and
 * {@code KubernetesSteps} at control planes and API servers, {@code Sent} at what proxies were
 * sent.
 */
@NullMarked
package io.portolan.lab;

import org.jspecify.annotations.NullMarked;
