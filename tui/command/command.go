package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
)

// Main runs the command line of the process and exits with its code.
func Main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(garbagePercent)
		debug.SetMemoryLimit(memoryBytes)
	}
	os.Exit(execute(context.Background(), os.Args[1:], processStreams()))
}

// garbagePercent lets the heap grow to 17 times what is in use before it is
// collected: a run makes much garbage and keeps a few megabytes. To collect at
// each doubling took a sixth of a sweep's time and kept two cores from being
// nearly twice as fast as one; this makes it 120 megabytes in place of 20. Near
// memoryBytes it is collected as often as it takes to stay below.
const (
	garbagePercent = 1600
	memoryBytes    = 2 << 30
)

// execute runs one command line and returns the code to exit with.
func execute(ctx context.Context, args []string, s streams) int {
	ctx, stop := interruptible(ctx, s)
	defer stop()
	out := &sink{w: s.out}
	s.out = out
	return guard(s, args, func() int {
		err := run(ctx, args, s)
		if out.err != nil {
			err = internal(fmt.Errorf("the result could not be written: %w", out.err))
		}
		if err != nil {
			tellError(s, err)
		}
		return codeOf(err)
	})
}

// interruptible returns a context that the first signal ends; the next signal
// has its usual effect: it kills.
func interruptible(ctx context.Context, s streams) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			s.hint("\ninterrupted: what is known will be printed; once more kills")
			cancel()
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, cancel
}

// run parses a command line and calls its verb.
func run(ctx context.Context, args []string, s streams) error {
	root, err := newRoot(s)
	if err != nil {
		return internal(err)
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// tellError prints an error, unless everything has been said.
func tellError(s streams, err error) {
	if e, ok := errors.AsType[*exit](err); ok && e.err == nil || codeOf(err) == exitInterrupted {
		return
	}
	fmt.Fprintf(s.err, "%s %v\n", s.errPaint.violated("error:"), err)
}

// guard turns a panic into the code of an internal error.
func guard(s streams, args []string, work func() int) (code int) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(s.err, "internal error: %v\n\n%s\nplease report this, with the command\n%s\n",
				r, debug.Stack(), commandLine(args...))
			code = exitInternal
		}
	}()
	return work()
}

// commandLine returns a command of this program that can be copied into a
// POSIX shell.
func commandLine(args ...string) string {
	words := make([]string, 0, len(args)+1)
	words = append(words, programName)
	for _, arg := range args {
		words = append(words, quoteArgument(arg))
	}
	return strings.Join(words, " ")
}

const programName = "quorumlab"

// quoteArgument quotes an argument that a shell would take apart.
func quoteArgument(arg string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !plain(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
