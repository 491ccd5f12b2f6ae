// Package charts draws the plots of reports, as SVG, by gonum/plot. It knows
// nothing of what it draws: panels of series of points.
//
// What cannot be drawn is left out: points that are not finite, and those that are
// not above 0 where a scale is logarithmic; a panel of which nothing is left says
// so. The same panels give the same bytes. Fonts are within the SVG, so that it
// looks alike wherever it travels. Series are told apart by dashes and the shapes
// of glyphs, not by colour alone; the colours are those of Okabe and Ito, which
// people tell apart who do not see red and green.
//
// Of this module it imports nothing.
package charts
