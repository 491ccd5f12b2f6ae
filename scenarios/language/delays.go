package language

import (
	"strings"
	"time"

	"quorumlab/network"
)

// distribution is a duration, or one of the forms of a network.Distribution.
type distribution struct {
	value network.Distribution
	place place
}

func (d distribution) given() bool { return d.place.known() }

// or returns the distribution, or a default where the document has none.
func (d distribution) or(fallback network.Distribution) network.Distribution {
	if d.given() {
		return d.value
	}
	return fallback
}

// distributionForm is the long form; exactly one of the first three is given.
type distributionForm struct {
	// Always this.
	Constant leaf[duration] `yaml:"constant"`
	// [shortest, longest], all equally likely.
	Uniform span `yaml:"uniform"`
	// Most near the median, a few much longer.
	LogNormal *logNormalForm `yaml:"lognormal"`
	// A rare extra delay.
	Spikes *spikesForm `yaml:"spikes"`
}

type logNormalForm struct {
	// Half are below it.
	Median leaf[duration] `yaml:"median" jsonschema:"required"`
	// Standard deviation of the logarithm; 0.5 puts one in six above 1.65 medians.
	Sigma leaf[decimal] `yaml:"sigma" jsonschema:"required"`
}

type spikesForm struct {
	// How often.
	Chance leaf[share] `yaml:"chance" jsonschema:"required"`
	// What is added: a duration or [shortest, longest].
	Delay span `yaml:"delay" jsonschema:"required"`
}

func (d *distribution) decode(dec *decoder, t *tree) {
	if t.kind != kindMapping {
		var constant leaf[duration]
		dec.into(t, &constant)
		d.value, d.place = network.ConstantDelay(time.Duration(constant.Value)), t.place
		return
	}
	var form distributionForm
	dec.into(t, &form)
	d.place = t.place
	forms := 0
	if form.Constant.given() {
		d.value = network.ConstantDelay(time.Duration(form.Constant.Value))
		forms++
	}
	if form.Uniform.given() {
		d.value = network.UniformDelay(form.Uniform.shortest, form.Uniform.longest)
		forms++
	}
	if l := form.LogNormal; l != nil {
		d.value = network.LogNormalDelay(time.Duration(l.Median.Value), uint32(l.Sigma.Value))
		forms++
	}
	if forms != 1 {
		dec.fail(t.place, t.describe(), "a duration, or exactly one of the keys constant, uniform, lognormal", "")
	}
	if s := form.Spikes; s != nil {
		d.value.Spike = network.Spike{
			Chance: network.Probability(s.Chance.Value), Min: s.Delay.shortest, Max: s.Delay.longest,
		}
	}
}

// span is a duration, or the shortest and the longest of a range.
type span struct {
	shortest, longest time.Duration
	place             place
}

func (s span) given() bool { return s.place.known() }

func (s *span) decode(d *decoder, t *tree) {
	s.place = t.place
	ends := several[leaf[duration]]{}
	d.into(t, &ends)
	if len(ends) < 1 || len(ends) > 2 {
		d.fail(t.place, t.describe(), "a duration or [shortest, longest]", "")
		return
	}
	s.shortest, s.longest = time.Duration(ends[0].Value), time.Duration(ends[len(ends)-1].Value)
	if s.shortest > s.longest {
		d.fail(t.place, "a range that ends before it begins", "[shortest, longest]", "swap the two")
	}
}

// arrow is an ordered pair of nodes by name, or both orders.
type arrow struct {
	from, to string
	both     bool
}

func (a *arrow) read(t *tree) bool {
	for _, sign := range []string{"<->", "↔", "->", "→"} {
		if from, to, ok := strings.Cut(t.text, sign); ok {
			*a = arrow{strings.TrimSpace(from), strings.TrimSpace(to), sign == "<->" || sign == "↔"}
			return namePattern.MatchString(a.from) && namePattern.MatchString(a.to)
		}
	}
	return false
}
func (a *arrow) expects() string { return "an ordered pair of nodes such as n1 -> n2" }
