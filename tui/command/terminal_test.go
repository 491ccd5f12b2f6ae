//go:build unix

package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/creack/pty"
)

// onTerminal is the program "terminal COMMAND ARG...": it runs a command on a
// terminal of its own, 80 columns wide, and prints what that terminal was sent,
// to the last byte: testscript's ttyout closes the terminal as soon as the
// command ends, and now and then loses its last words.
func onTerminal() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: terminal COMMAND ARG...")
		os.Exit(2)
	}
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	screen, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// A terminal whose last program is gone ends with EIO on Linux.
	if _, err := io.Copy(os.Stdout, screen); err != nil && !errors.Is(err, syscall.EIO) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	_ = cmd.Wait() // its exit code is the next line's
	os.Exit(cmd.ProcessState.ExitCode())
}
