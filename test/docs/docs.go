// Package docs reads the code blocks of the project's pages, so that tests run
// what the pages tell people to type.
//
// A block may have words behind its language, which readers do not see:
//
//	```sh recipe=publish     run by the end-to-end tests, under that name
//	```yaml other            not a config file of ours
package docs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// root is the project's folder, seen from the folders of the tests.
const root = "../.."

// Block is a fenced code block.
type Block struct {
	Page     string // from the project's folder, "docs/obs.md"
	Line     int    // of its fence
	Language string
	Recipe   string
	Other    bool // of another program
	Text     string
}

// Where is the place of a block, for the messages of tests.
func (b Block) Where() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

// Pages are README.md and every page of docs.
func Pages() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("find the pages: %d files, %w", len(files), err)
	}
	pages := []string{"README.md"}
	for _, f := range files {
		pages = append(pages, "docs/"+filepath.Base(f))
	}
	return pages, nil
}

// Blocks are the code blocks of a page, in order.
func Blocks(page string) ([]Block, error) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	var blocks []Block
	var open *Block
	var fence string
	for i, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch {
		case open == nil && strings.HasPrefix(trimmed, "```"):
			info := strings.TrimLeft(trimmed, "`")
			fence = trimmed[:len(trimmed)-len(info)]
			if open, err = newBlock(page, i+1, info); err != nil {
				return nil, err
			}
		case open != nil && trimmed == fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += line + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block is not closed", open.Where())
	}
	return blocks, nil
}

func newBlock(page string, line int, info string) (*Block, error) {
	b := &Block{Page: page, Line: line}
	words := strings.Fields(info)
	if len(words) == 0 {
		return nil, fmt.Errorf("%s: the block does not say its language", b.Where())
	}
	b.Language = words[0]
	for _, w := range words[1:] {
		switch name, value, _ := strings.Cut(w, "="); {
		case name == "recipe" && value != "":
			b.Recipe = value
		case w == "other":
			b.Other = true
		default:
			return nil, fmt.Errorf("%s: what does %q mean?", b.Where(), w)
		}
	}
	return b, nil
}

// All are the code blocks of all pages.
func All() ([]Block, error) {
	pages, err := Pages()
	if err != nil {
		return nil, err
	}
	var all []Block
	for _, page := range pages {
		blocks, err := Blocks(page)
		if err != nil {
			return nil, err
		}
		all = append(all, blocks...)
	}
	return all, nil
}

// ErrNoRecipe says that a page has no recipe of that name.
var ErrNoRecipe = errors.New("no such recipe")

// Recipe is the text of one.
func Recipe(page, name string) (string, error) {
	blocks, err := Blocks(page)
	if err != nil {
		return "", err
	}
	for _, b := range blocks {
		if b.Recipe == name {
			return b.Text, nil
		}
	}
	return "", fmt.Errorf("%s, %s: %w", page, name, ErrNoRecipe)
}
