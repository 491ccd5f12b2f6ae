//go:build !linux

package cluster

import "os/exec"

// start starts a node's process.
func start(command *exec.Cmd) error { return command.Start() }
