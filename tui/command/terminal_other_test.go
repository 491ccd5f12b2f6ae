//go:build !unix

package command

// onTerminal is never run here: the scripts stop before it.
func onTerminal() {}
