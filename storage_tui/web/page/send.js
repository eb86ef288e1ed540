// Upload chosen or dropped files one after the other, each in one request.
document.addEventListener("DOMContentLoaded", () => {
  const { base, type, prefix } = document.body.dataset;
  const list = document.getElementById("list");
  const drop = document.getElementById("drop");

  function line(name) {
    const row = list.insertRow();
    row.insertCell().textContent = name;
    const bar = row.insertCell().appendChild(document.createElement("progress"));
    return { bar, state: row.insertCell() };
  }

  function send(file, shown, overwrite) {
    return new Promise((done) => {
      const place = encodeURIComponent(`${type}/${prefix}${file.name}`);  // a browser removes segments of dots
      const request = new XMLHttpRequest();
      request.open("PUT", `${base}/blob/${place}${overwrite ? "?overwrite=1" : ""}`);
      request.upload.onprogress = (event) => { shown.bar.max = event.total; shown.bar.value = event.loaded; };
      request.onerror = () => { shown.state.textContent = "the connection broke; try again"; done(); };
      request.onload = async () => {
        if (request.status === 409 && !overwrite && confirm(`${file.name} is there already. Overwrite it?`)) {
          await send(file, shown, true);
        } else {
          shown.state.textContent = request.status === 200 ? "stored, verified" : request.responseText;
        }
        done();
      };
      request.send(file);
    });
  }

  async function sendAll(files) {
    for (const file of [...files]) await send(file, line(file.name), false);
    document.body.dataset.sent = "yes";
  }

  document.getElementById("files").addEventListener("change", (event) => sendAll(event.target.files));
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    sendAll(event.dataTransfer.files);
  });
});
