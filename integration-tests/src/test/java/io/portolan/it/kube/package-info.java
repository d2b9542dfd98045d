/** Tests on real Kubernetes API servers. */
package io.portolan.it.kube;
