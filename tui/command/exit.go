package command

import (
	"context"
	"errors"
	"fmt"
)

// The codes that the process exits with.
const (
	exitHeld         = 0
	exitViolated     = 1
	exitUsage        = 2
	exitInconclusive = 3
	exitInternal     = 4
	exitInterrupted  = 130 // 128 + SIGINT, as shells count
)

// exitCodes explains them, for the help and the man pages.
const exitCodes = `Exit codes:
    0  held: everything is as expected
    1  violated, or not as expected
    2  usage, or bad input
    3  inconclusive: a bound or a time-out was met before it was decided
    4  internal error, or a node or a replay that is not deterministic
  130  interrupted; what was known by then is printed`

// exit is an error that carries the code to exit with.
type exit struct {
	code int
	err  error // nil: the verb has said all there is to say
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// finished ends a verb that has printed its result; code 0 is no error.
func finished(code int) error {
	if code == exitHeld {
		return nil
	}
	return &exit{code: code}
}

// internal marks an error as one of the program itself.
func internal(err error) error {
	if err == nil {
		return nil
	}
	return &exit{code: exitInternal, err: err}
}

// usage makes an error of usage, with a hint if there is one.
func usage(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if hint != "" {
		err = fmt.Errorf("%w\n  hint: %s", err, hint)
	}
	return &exit{code: exitUsage, err: err}
}

// codeOf returns the code for the error of a verb. Errors without a code are
// about what was given: arguments, files, scenarios.
func codeOf(err error) int {
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	switch {
	case err == nil:
		return exitHeld
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		return exitInconclusive
	case diverged(err):
		return exitInternal
	}
	return exitUsage
}
