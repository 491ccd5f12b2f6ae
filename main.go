// Quorumlab is a lab for consensus protocols; see README.md.
package main

import "quorumlab/tui/command"

func main() { command.Main() }
