// Package cluster holds what makes nodes a cluster of processes: the configuration
// file of one node, and a supervisor that runs several on this machine, with a
// network between them that can be made to fail.
//
// A Supervisor writes the nodes' configurations, starts each as a process of its own
// (the same program, verb serve), and can kill, stop, resume and restart it. What nodes
// send to one another goes through its proxy.Mesh, or direct. Nodes end when their supervisor
// does, whatever becomes of it: they follow the pipe that is their standard input.
//
// Everything is in one folder:
//
//	cluster.json   what the cluster is, and how to reach its supervisor
//	nK/node.yaml   the configuration of node K
//	nK/data        its disk
//	nK/log         what it says
//	tls/           certificates, if it has any
//
// The package knows no protocol: names and parameters are passed on. Of this module it
// may import protocols, protocols/hint, network/tcp and network/tcp/proxy.
package cluster
