package cluster

import (
	"io"
	"os"
	"os/exec"
	"syscall"
)

// detach keeps a process from the signals of this one's terminal: the supervisor
// decides when its nodes end.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Background makes a process go on when the one that started it, and its terminal,
// are gone.
func Background(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// lockFile takes a lock that ends with the process.
func lockFile(name string) (io.Closer, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
