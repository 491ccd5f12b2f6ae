package network

import (
	"errors"
	"fmt"
	"time"
)

// DelayMax bounds every delay: parameters above it are refused, and what a
// log-normal distribution or a spike draws beyond it is cut down to it.
const DelayMax = 24 * time.Hour

// SigmaMax bounds the spread of a log-normal distribution.
const SigmaMax = 10_000

// DistributionKind is the shape of a distribution.
type DistributionKind string

// The shapes. The zero kind stands for Constant.
const (
	// Constant always gives Min.
	Constant DistributionKind = "constant"
	// Uniform gives Min to Max, both included.
	Uniform DistributionKind = "uniform"
	// LogNormal gives Median * e^(Sigma/1000 * z), z standard normal.
	LogNormal DistributionKind = "log-normal"
)

// Distribution is the distribution of a delay. The zero value is no delay.
// Fields that its kind does not use are zero.
type Distribution struct {
	Kind     DistributionKind
	Min, Max time.Duration
	Median   time.Duration
	// Sigma is the standard deviation of the delay's natural logarithm, in
	// thousandths: with 500, one delay in six is above e^0.5 = 1.65 medians.
	Sigma uint32
	Spike Spike
}

// Spike is a rare extra delay: with Chance, SpikeMin to SpikeMax, both
// included, are added.
type Spike struct {
	Chance   Probability
	Min, Max time.Duration
}

// ConstantDelay returns the distribution that always gives d.
func ConstantDelay(d time.Duration) Distribution {
	return Distribution{Kind: Constant, Min: d}
}

// UniformDelay returns the uniform distribution from shortest to longest.
func UniformDelay(shortest, longest time.Duration) Distribution {
	return Distribution{Kind: Uniform, Min: shortest, Max: longest}
}

// LogNormalDelay returns the log-normal distribution with this median and
// this standard deviation of its logarithm, in thousandths.
func LogNormalDelay(median time.Duration, sigma uint32) Distribution {
	return Distribution{Kind: LogNormal, Median: median, Sigma: sigma}
}

// Validate reports the first field that makes no sense.
func (d Distribution) Validate() error {
	var wrong error
	switch d.Kind {
	case Constant, "":
		wrong = d.validateUnused(d.Max != 0, d.Median != 0 || d.Sigma != 0)
	case Uniform:
		wrong = d.validateUnused(false, d.Median != 0 || d.Sigma != 0)
		if wrong == nil && d.Max < d.Min {
			wrong = fmt.Errorf("max %v is below min %v", d.Max, d.Min)
		}
	case LogNormal:
		wrong = d.validateUnused(d.Min != 0 || d.Max != 0, false)
		if wrong == nil && d.Sigma > SigmaMax {
			wrong = fmt.Errorf("sigma %d is above %d thousandths", d.Sigma, SigmaMax)
		}
	default:
		return fmt.Errorf("unknown distribution %q: want %s, %s or %s", d.Kind, Constant, Uniform, LogNormal)
	}
	if wrong == nil {
		wrong = errors.Join(
			validateDelay("min", d.Min), validateDelay("max", d.Max),
			validateDelay("median", d.Median), d.Spike.validate())
	}
	if wrong != nil {
		return fmt.Errorf("%s distribution: %w", d.Kind.orConstant(), wrong)
	}
	return nil
}

func (d Distribution) validateUnused(bounds, shape bool) error {
	if bounds {
		return errors.New("min or max is set but not used")
	}
	if shape {
		return errors.New("median or sigma is set but not used")
	}
	return nil
}

func (s Spike) validate() error {
	if s.Max < s.Min {
		return fmt.Errorf("spike: max %v is below min %v", s.Max, s.Min)
	}
	return errors.Join(s.Chance.Validate(), validateDelay("spike min", s.Min), validateDelay("spike max", s.Max))
}

func validateDelay(name string, d time.Duration) error {
	if d < 0 || d > DelayMax {
		return fmt.Errorf("%s %v is not between 0 and %v", name, d, DelayMax)
	}
	return nil
}

func (k DistributionKind) orConstant() DistributionKind {
	if k == "" {
		return Constant
	}
	return k
}

// Draw draws a delay, 0 to DelayMax, from a valid distribution. Constant takes
// no draw, the others one; a spike with a chance takes one more to decide and
// one more if it happens.
func (d *Distribution) Draw(s Source) time.Duration {
	delay := d.Min
	switch d.Kind {
	case Uniform:
		delay = Between(s, d.Min, d.Max)
	case LogNormal:
		delay = logNormal(s.Uint64(), d.Median, d.Sigma)
	}
	if d.Spike.Chance > 0 && Chance(s, d.Spike.Chance) {
		delay += Between(s, d.Spike.Min, d.Spike.Max)
	}
	return min(delay, DelayMax)
}
