package config

// Nearest returns the one of candidates that word was most likely meant to be,
// or "" when it is like none of them.
func Nearest(word string, candidates []string) string {
	best, at := "", 1+len([]rune(word))/3 // a slip in every third letter, and one more for short words
	for _, c := range candidates {
		if d := distance([]rune(word), []rune(c)); d <= at && (best == "" || d < at) {
			best, at = c, d
		}
	}
	return best
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour to make b of a (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
