package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"quorumlab/network/tcp"
)

// Limits bound what others can make the node do. A number of bytes is as in 16777216,
// 16384KiB or 16MiB; what is left out has the driver's default.
type Limits struct {
	Frame        string `yaml:"frame,omitempty"`
	Queue        string `yaml:"queue,omitempty"`
	Mailbox      string `yaml:"mailbox,omitempty"`
	Requests     string `yaml:"requests,omitempty"`
	RequestBytes string `yaml:"requestBytes,omitempty"`
	Strangers    string `yaml:"strangers,omitempty"`
}

// The least that limits may be: a frame has to hold what a client may send at once and
// what goes with it, a queue and a mailbox a few heartbeats.
const (
	frameLeast = 9 << 20
	bytesLeast = 1 << 20
	bytesMost  = 1 << 30
	countMost  = 1 << 20
)

// DriverLimits returns the limits as the driver takes them. The configuration was checked.
func (c *Config) DriverLimits() tcp.Limits {
	limits, _ := c.limits()
	return limits
}

// limits reads the limits. An error is a Problem.
func (c *Config) limits() (tcp.Limits, error) {
	var l tcp.Limits
	for _, field := range []struct {
		name, text  string
		into        *int
		least, most int
		bytes       bool
	}{
		{"frame", c.Limits.Frame, &l.Frame, frameLeast, bytesMost, true},
		{"queue", c.Limits.Queue, &l.Queue, bytesLeast, bytesMost, true},
		{"mailbox", c.Limits.Mailbox, &l.Mailbox, bytesLeast, bytesMost, true},
		{"requests", c.Limits.Requests, &l.Requests, 1, countMost, false},
		{"requestBytes", c.Limits.RequestBytes, &l.RequestBytes, bytesLeast, bytesMost, true},
		{"strangers", c.Limits.Strangers, &l.Strangers, 1, countMost, false},
	} {
		if field.text == "" {
			continue
		}
		value, ok := numberOf(field.text, field.bytes)
		if !ok || value < field.least || value > field.most {
			from, to := strconv.Itoa(field.least), strconv.Itoa(field.most)
			if field.bytes {
				from, to = mebibytes(field.least), mebibytes(field.most)
			}
			return l, c.Wrong("$.limits."+field.name, fmt.Sprintf("%s: use %s to %s", field.name, from, to), "limits.%s is %q", field.name, field.text)
		}
		*field.into = value
	}
	return l, nil
}

func mebibytes(bytes int) string { return fmt.Sprintf("%dMiB", bytes>>20) }

// numberOf reads a whole number, with a unit if it is one of bytes.
func numberOf(text string, bytes bool) (int, bool) {
	unit := 1
	if bytes {
		for suffix, factor := range map[string]int{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if number, has := strings.CutSuffix(text, suffix); has {
				text, unit = strings.TrimSpace(number), factor
				break
			}
		}
	}
	value, err := strconv.ParseUint(text, 10, 31)
	return int(value) * unit, err == nil
}
