use super::*;

#[test]
fn the_shipped_cards_are_cards() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let imdb = Card::from_file(&folder.join("imdb.toml")).unwrap();
    assert_eq!(imdb.labels, ["neg", "pos"]);
    assert_eq!(imdb.hub.unwrap().repository, "stanfordnlp/imdb");
    let sample = Card::from_file(&folder.join("sample.toml")).unwrap();
    assert_eq!(sample.split_files().all().count(), 3);
}

#[test]
fn a_task_has_the_hubs_name_and_its_old_one() {
    let card = |task: &str| {
        let text = format!("name = \"x\"\ntask = \"{task}\"\n[files]\ntrain = [\"t.csv\"]\n");
        Card::parse(&text, Path::new("card.toml"))
    };
    for name in ["text-classification", "sequence-classification"] {
        let task = card(name).unwrap().task.unwrap();
        assert_eq!((task, task.to_string().as_str()), (TaskName::TextClassification, "text-classification"));
    }
    assert_eq!(card("token-classification").unwrap().task, Some(TaskName::TokenClassification));
    let open = Card::parse("name = \"x\"\n[files]\ntrain = [\"t.csv\"]\n", Path::new("card.toml")).unwrap();
    assert_eq!((open.task, Card::for_file(Path::new("t.csv")).task), (None, None));
    let DataError::CardSyntax { source, .. } = card("translation").unwrap_err() else { panic!() };
    let message = source.to_string();
    assert!(message.contains("line 2") && message.contains("`text-classification`"), "{message}");
}

#[test]
fn a_card_that_contradicts_itself_says_where() {
    let head = "name = \"x\"\ntask = \"sequence-classification\"\n";
    for (text, part) in [
        ("", "[hub] or [files]"),
        ("[files]\ntrain = []\n", "[files] train"),
        ("split_ratios = [0.5, 0.1, 0.1]\n[files]\ntrain = [\"t.csv\"]\n", "[0.5, 0.1, 0.1]"),
        ("class_numbers = true\n[files]\ntrain = [\"t.csv\"]\n", "class_numbers"),
        (
            "problem_type = \"single_label_classification\"\nlabels = [\"a\"]\n[files]\ntrain = [\"t.csv\"]\n",
            "at least two",
        ),
        ("labels = [\"a\", \"a\"]\n[files]\ntrain = [\"t.csv\"]\n", "each once"),
        ("labels = [\"a\", \"b\"]\npositive = \"c\"\n[files]\ntrain = [\"t.csv\"]\n", "\"c\""),
    ] {
        let message = Card::parse(&format!("{head}{text}"), Path::new("card.toml")).unwrap_err().to_string();
        assert!(message.contains("card.toml") && message.contains(part), "{message}");
    }
    let error = Card::parse(&format!("{head}lables = []\n"), Path::new("card.toml")).unwrap_err();
    let DataError::CardSyntax { source, .. } = error else { panic!("{error}") };
    assert!(source.to_string().contains("lables") && source.to_string().contains("line 3"), "{source}");
}

#[test]
fn the_keys_of_a_task_are_read_and_come_back() {
    let text = "name = \"x\"\ntask = \"token-classification\"\nscheme = \"iob1\"\nmetric = \"f1\"\n[files]\ntrain = [\"t.json\"]\n[columns]\ntokens = \"words\"\ntags = \"ner\"\ndocument = \"doc\"\n";
    let card = Card::parse(text, Path::new("card.toml")).unwrap();
    assert_eq!((card.scheme.as_deref(), card.metric.as_deref()), (Some("iob1"), Some("f1")));
    let columns = &card.columns;
    assert_eq!((columns.tokens.as_deref(), columns.tags.as_deref()), (Some("words"), Some("ner")));
    assert_eq!(columns.document.as_deref(), Some("doc"));
    let again = Card::parse(&toml::to_string(&card).unwrap(), Path::new("card.toml")).unwrap();
    assert_eq!(again, card);
    for (word, kind) in [
        ("single_label_classification", ProblemType::SingleLabelClassification),
        ("multi_label_classification", ProblemType::MultiLabelClassification),
        ("regression", ProblemType::Regression),
    ] {
        let text = format!("name = \"x\"\nproblem_type = \"{word}\"\n[files]\ntrain = [\"t.csv\"]\n");
        let card = Card::parse(&text, Path::new("card.toml")).unwrap();
        assert_eq!((card.task, card.problem_type), (None, Some(kind)));
        assert_eq!(Card::parse(&toml::to_string(&card).unwrap(), Path::new("c")).unwrap(), card);
    }
}

#[test]
fn a_key_of_another_task_and_keys_that_exclude_each_other_are_refused() {
    let tokens = "task = \"token-classification\"\n";
    let texts = "task = \"text-classification\"\n";
    let several = "problem_type = \"multi_label_classification\"\n";
    for (head, columns, part) in [
        (format!("{tokens}problem_type = \"regression\"\n"), "", "problem_type is for the task text"),
        (format!("{tokens}label_columns = [\"a\"]\n"), "", "label_columns is for the task text"),
        (tokens.to_owned(), "text_pair = \"b\"\n", "[columns] text_pair is for the task text"),
        (format!("{texts}scheme = \"iob2\"\n"), "", "scheme is for the task token"),
        (texts.to_owned(), "tags = \"ner\"\n", "[columns] tags is for the task token"),
        (
            several.to_owned(),
            "entities = \"e\"\n",
            "problem_type is for the task text-classification, but [columns] entities",
        ),
        (format!("{tokens}scheme = \"BIO\"\n"), "", "scheme = \"BIO\": expected iob1, iob2, iobes, bilou"),
        (tokens.to_owned(), "tags = \"t\"\nentities = \"e\"\n", "both entities and tags"),
        (format!("{several}label_columns = [\"a\", \"a\"]\n"), "", "each column once"),
        (format!("{several}label_separator = \"\"\n"), "", "one or more characters"),
        ("label_columns = [\"a\"]\nlabel_separator = \",\"\n".to_owned(), "", "nothing to separate"),
        (
            "problem_type = \"regression\"\nlabel_separator = \";\"\n".to_owned(),
            "",
            "label_separator is for several",
        ),
    ] {
        let text = format!("name = \"x\"\n{head}[files]\ntrain = [\"t.csv\"]\n[columns]\n{columns}");
        let message = Card::parse(&text, Path::new("card.toml")).unwrap_err().to_string();
        assert!(message.contains("card.toml") && message.contains(part), "{message}");
    }
    let text = "name = \"x\"\nproblem_type = \"several\"\n[files]\ntrain = [\"t.csv\"]\n";
    let DataError::CardSyntax { source, .. } = Card::parse(text, Path::new("c")).unwrap_err() else {
        panic!()
    };
    assert!(source.to_string().contains("multi_label_classification"), "{source}");
}

/// Several labels, and types of entities, may be one; what a task can't do with it, the task says.
#[test]
fn one_label_is_refused_for_one_label_a_text_alone() {
    for head in [
        "",
        "task = \"token-classification\"\n",
        "task = \"text-classification\"\n",
        "problem_type = \"multi_label_classification\"\n",
    ] {
        let text = format!("name = \"x\"\n{head}labels = [\"protein\"]\n[files]\ntrain = [\"t.csv\"]\n");
        assert_eq!(Card::parse(&text, Path::new("card.toml")).unwrap().labels, ["protein"], "{head}");
    }
}

#[test]
fn the_columns_of_questions_are_read_and_come_back() {
    let text = "name = \"x\"\ntask = \"question-answering\"\nmetric = \"f1\"\n[files]\ntrain = [\"t.json\"]\n[columns]\nquestion = \"q\"\ncontext = \"c\"\nanswers = \"a\"\nid = \"n\"\ndocument = \"title\"\n";
    let card = Card::parse(text, Path::new("card.toml")).unwrap();
    assert_eq!(card.task, Some(TaskName::QuestionAnswering));
    let columns = &card.columns;
    let named = [&columns.question, &columns.context, &columns.answers, &columns.id];
    assert_eq!(named.map(|name| name.as_deref().unwrap()), ["q", "c", "a", "n"]);
    assert_eq!(Card::parse(&toml::to_string(&card).unwrap(), Path::new("card.toml")).unwrap(), card);
    // The columns have defaults, and a card may leave the task open.
    for head in ["task = \"question-answering\"\n", "[columns]\nquestion = \"q\"\n"] {
        let (before, after) = if head.starts_with('[') { ("", head) } else { (head, "") };
        let text = format!("name = \"x\"\n{before}[files]\ntrain = [\"t.json\"]\n{after}");
        assert!(Card::parse(&text, Path::new("card.toml")).is_ok(), "{text}");
    }
}

#[test]
fn keys_of_other_tasks_are_refused_for_questions_and_theirs_for_others() {
    let questions = "task = \"question-answering\"\n";
    for (head, columns, part) in [
        (
            questions,
            "text_pair = \"b\"\n",
            "[columns] text_pair is for the task text-classification, but the card's task is question",
        ),
        (questions, "tokens = \"b\"\n", "[columns] tokens is for the task token-classification"),
        (questions, "tags = \"b\"\n", "[columns] tags is for the task token"),
        (questions, "entities = \"b\"\n", "[columns] entities is for the task token"),
        (questions, "text = \"b\"\n", "[columns] text has no meaning for the task question-answering"),
        (questions, "label = \"b\"\n", "[columns] label has no meaning for the task question-answering"),
        (
            "task = \"fill-mask\"\nlabels = [\"a\"]\n",
            "",
            "labels has no meaning for the task fill-mask, which reads no labels",
        ),
        (questions, "question = \"b\"\ncontext = \"b\"\n", "[columns] names \"b\" twice"),
        (
            "task = \"question-answering\"\nproblem_type = \"regression\"\n",
            "",
            "problem_type is for the task text",
        ),
        ("task = \"question-answering\"\nscheme = \"iob2\"\n", "", "scheme is for the task token"),
        (
            "task = \"question-answering\"\nlabel_columns = [\"a\"]\n",
            "",
            "label_columns is for the task text",
        ),
        (
            "task = \"question-answering\"\nlabel_separator = \";\"\n",
            "",
            "label_separator is for the task text",
        ),
        (
            "task = \"question-answering\"\nlabels = [\"a\", \"b\"]\n",
            "",
            "labels has no meaning for the task question",
        ),
        (
            "task = \"question-answering\"\nlabels = [\"a\", \"b\"]\nclass_numbers = true\n",
            "",
            "labels has no meaning",
        ),
        (
            "task = \"text-classification\"\n",
            "question = \"q\"\n",
            "[columns] question is for the task question-answering, but",
        ),
        (
            "task = \"text-classification\"\n",
            "context = \"q\"\n",
            "[columns] context is for the task question-answering",
        ),
        (
            "task = \"token-classification\"\n",
            "answers = \"q\"\n",
            "[columns] answers is for the task question-answering",
        ),
        (
            "task = \"token-classification\"\n",
            "id = \"q\"\n",
            "[columns] id is for the task question-answering",
        ),
        (
            "",
            "question = \"q\"\ntext_pair = \"b\"\n",
            "text_pair is for the task text-classification, but [columns] question for question",
        ),
        (
            "",
            "question = \"q\"\ntags = \"b\"\n",
            "tags is for the task token-classification, but [columns] question",
        ),
        (
            "labels = [\"a\", \"b\"]\n",
            "context = \"q\"\n",
            "labels has no meaning for the task question-answering",
        ),
    ] {
        let text = format!("name = \"x\"\n{head}[files]\ntrain = [\"t.json\"]\n[columns]\n{columns}");
        let message =
            Card::parse(&text, Path::new("card.toml")).map_or_else(|error| error.to_string(), |_| text);
        assert!(message.contains("card.toml") && message.contains(part), "{message}\ndoes not say {part}");
    }
}

/// A card for question answering may be for evaluation alone; who trains on it is told.
#[test]
fn only_a_card_of_questions_may_lack_a_training_split() {
    let head = "name = \"x\"\ntask = \"question-answering\"\n";
    let parse = |text: &str| Card::parse(text, Path::new("card.toml"));
    for (files, found) in [
        ("[files]\nvalidation = [\"v.json\"]\n", "validation"),
        ("[files]\ntrain = []\ntest = [\"t.json\"]\n", "test"),
        (
            "[hub]\nrepository = \"a/b\"\n[hub.files]\nvalidation = [\"v.json\"]\ntest = [\"t.json\"]\n",
            "validation and test",
        ),
    ] {
        let card = parse(&format!("{head}{files}")).unwrap();
        assert_eq!(parse(&toml::to_string(&card).unwrap()).unwrap(), card);
        let message = card.check_training().unwrap_err().to_string();
        assert!(
            message.contains(&format!("the data set x has no training split, only {found}: ")),
            "{message}"
        );
        for other in ["", "task = \"text-classification\"\n", "task = \"token-classification\"\n"] {
            let message = parse(&format!("name = \"x\"\n{other}{files}")).unwrap_err().to_string();
            let part = "files] train names no file: only a card with task = \"question-answering\" may";
            assert!(message.contains(part), "{message}");
        }
        let message =
            parse(&format!("{head}split_ratios = [0.8, 0.1, 0.1]\n{files}")).unwrap_err().to_string();
        assert!(message.contains("split_ratios = [0.8, 0.1, 0.1] cut the training files, but"), "{message}");
    }
    for none in ["[files]\n", "[files]\ntrain = []\n"] {
        let message = parse(&format!("{head}{none}")).unwrap_err().to_string();
        assert!(message.ends_with("[files] train names no file"), "{message}");
    }
    // Files that are still to be found, and training files.
    for files in ["[hub]\nrepository = \"a/b\"\n", "[files]\ntrain = [\"t.json\"]\n"] {
        assert!(parse(&format!("{head}{files}")).unwrap().check_training().is_ok(), "{files}");
    }
}
