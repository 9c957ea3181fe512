module github.com/millrace-live/millrace

go 1.26
