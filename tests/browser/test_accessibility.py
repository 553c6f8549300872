"""Labs for people who do not see them, do not use a mouse, or work in the dark."""

import pytest


@pytest.fixture(params=["JupyterLab Light", "JupyterLab Dark"])
def theme(lesson, request):
    lesson.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", request.param
    )
    light = str(request.param.endswith("Light")).lower()
    lesson.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)
    lesson.page.wait_for_function("() => document.getAnimations().every(a => a.playState !== 'running')")
    return request.param


@pytest.mark.usefixtures("theme")
def test_axe_finds_nothing_serious(lab):
    assert lab.barriers() == []
    for title in ("Runs tried", "Show the code"):
        lab.root.get_by_text(title).click()
        assert lab.barriers() == []
    lab.click("bad")
    assert lab.barriers() == []


@pytest.mark.usefixtures("theme")
def test_words_on_the_picture_are_dark_enough(lab):
    """Contrast is told by pixels, because the picture is one: text against its background, at least 4.5 to 1."""
    contrasts = lab.root.evaluate(
        """async root => {
            const image = root.querySelector("img");
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
            const context = canvas.getContext("2d");
            context.filter = getComputedStyle(image).filter;
            context.drawImage(image, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            const light = at => {
                const [r, g, b] = [0, 1, 2].map(i => {
                    const part = data[at + i] / 255;
                    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const lights = [];
            for (let at = 0; at < data.length; at += 4) lights.push(light(at));
            const paper = light(0);
            const ink = paper > 0.5 ? Math.min(...lights.filter((_, i) => i % 7 === 0))
                : Math.max(...lights.filter((_, i) => i % 7 === 0));
            return [paper, (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05)];
        }"""
    )
    paper, contrast = contrasts
    assert (paper > 0.5) == ("Light" in lab.page.evaluate("document.body.dataset.jpThemeName"))
    assert contrast > 4.5


def test_every_control_has_a_name_and_the_focus_goes_from_top_to_bottom(lab):
    names = lab.root.evaluate(
        """root => [...root.querySelectorAll("[tabindex='0'], button, select, .noUi-handle")]
            .filter(element => element.offsetParent && !element.closest(".lm-Accordion, .jupyter-widget-Collapse"))
            .map(element => element.getAttribute("aria-label") || element.labels?.[0]?.textContent
                || element.textContent)"""
    )
    assert all(name.strip() for name in names)
    expected = ["learning rate", "batch size", "width", "depth", "init scale", "l2"]
    assert [name for name in names if name in expected] == expected
    lab.handle("learning rate").focus()
    reached = []
    for _ in range(16):
        reached.append(lab.page.evaluate("document.activeElement.getBoundingClientRect().top"))
        lab.page.keyboard.press("Tab")
        if not lab.page.evaluate("root => root.contains(document.activeElement)", lab.root.element_handle()):
            break
    assert len(reached) > 10
    rows = [round(top / 40) for top in reached]
    assert rows == sorted(rows)


def test_a_slider_speaks_the_value_that_is_written_beside_it(lab):
    lab.press("learning rate", "ArrowLeft")
    handle = lab.handle("learning rate")
    assert handle.get_attribute("role") == "slider"
    assert handle.get_attribute("aria-valuetext") == "0.0794"


def test_the_status_line_is_a_polite_live_region_that_stays(lab):
    """A region that is replaced, or that changes many times a second, is not read."""
    line = lab.root.locator(".course-status")
    assert line.get_attribute("role") == "status"
    element = line.element_handle()
    lab.press("learning rate", "ArrowLeft")
    assert element.evaluate("line => line.isConnected")
    assert line.get_attribute("aria-busy") == "false"


def test_the_picture_has_words_that_say_what_it_shows(lab):
    alt = lab.root.locator("img").get_attribute("alt")
    assert alt.startswith("Learning curves: training and validation loss after each epoch.")
